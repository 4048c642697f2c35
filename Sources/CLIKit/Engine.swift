internal import ContainerService
internal import Glibc
internal import Support

/// The parts behind the commands, in this process.
///
/// A daemon will stand in its place; commands know nothing but this.
struct Engine {
    let folders: ContainerService.Folders
    let runtime: RuntimeClient
    let images: any ImageLibrary
    /// The images themselves, for the commands that look into them.
    let imageService: ImageService
    let containers: ContainerService

    /// Opens the folders that the options name; puts right what programs left that died.
    ///
    /// - Parameter runs: whether containers are touched; without, the runtime need not be there.
    init(_ options: GlobalOptions, runs: Bool = true) throws {
        folders = Self.folders(options)
        guard getuid() == 0 else {
            throw RuntimeError(.permissionDenied, "containers need root for now: run hako as root")
        }
        runtime = RuntimeClient(
            path: runs ? try RuntimeLocation.find(options.runtime) : RuntimeLocation.likely(options.runtime),
            stateFolder: "\(folders.state)/runtime")
        let snapshots = try Self.snapshots(folders, options)
        let library = try ServiceImages(root: folders.root, snapshots: snapshots)
        (images, imageService) = (library, library.service)
        containers = try ContainerService(folders: folders, runtime: runtime, snapshots: OverlayRoots(snapshots))
        if runs {
            for failure in try containers.recover().failures { Console.error("warning: \(failure)") }
        }
    }

    /// The options, else the environment, else the standard places; relative ones are made absolute.
    static func folders(_ options: GlobalOptions) -> ContainerService.Folders {
        func place(_ option: String?, _ variable: String, _ standard: String) -> String {
            let text = option ?? getenv(variable).map { String(cString: $0) } ?? ""
            if text.isEmpty { return standard }
            if text.hasPrefix("/") { return VolumeText.normal(text) }
            guard let here = getcwd(nil, 0) else { return text }
            defer { free(here) }
            return VolumeText.normal("\(String(cString: here))/\(text)")
        }
        return .init(
            root: place(options.root, "HAKO_ROOT", "/var/lib/hako"),
            state: place(options.state, "HAKO_STATE", "/run/hako"))
    }
}
