internal import ContainerService
internal import Support

extension Engine {
    static func snapshots(_ folders: ContainerService.Folders) throws -> any RootSnapshots {
        throw RuntimeError(.unsupported, "no snapshots yet")
    }

    static func images(
        _ folders: ContainerService.Folders, _ snapshots: any RootSnapshots
    ) throws -> any ImageLibrary {
        throw RuntimeError(.unsupported, "no images yet")
    }
}
