internal import ContainerService
internal import Snapshots

extension Engine {
    /// Where images' layers are unpacked and containers' roots made.
    static func snapshots(_ folders: ContainerService.Folders) throws -> any Snapshotter {
        try OverlaySnapshotter(root: "\(folders.root)/snapshots")
    }
}
