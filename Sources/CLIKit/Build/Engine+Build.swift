internal import ContainerService
internal import RegistryClient
internal import Snapshots
internal import Support

extension Engine {
    /// What builds images over the same folders.
    func makeBuilder() throws -> ImageBuilder {
        let snapshots = try OverlaySnapshotter(root: "\(folders.root)/snapshots")
        return ImageBuilder(
            images: try ServiceImages(root: folders.root, snapshots: snapshots).service, snapshots: snapshots,
            runtime: runtime, folders: folders)
    }
}

/// Downloads for commands that wait.
enum Downloads {
    /// Bytes of a build context at most.
    private static let limit: Int64 = 16 << 30

    /// Gets an address into a new file.
    static func fetch(_ address: String, to path: String) throws {
        let client = RegistryClient(options: RegistryAccess.options(warn: Console.warn))
        try waitFor {
            let result: Result<Void, any Error>
            do { result = .success(try await client.download(address, to: path, limit: limit)) } catch {
                result = .failure(error)
            }
            await client.shutdown()
            try result.get()
        }
    }
}
