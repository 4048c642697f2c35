internal import ContentStore
internal import Dockerfile
internal import Linux
internal import OCISpec
public import Snapshots
internal import Support
internal import Synchronization

/// Builds images from Dockerfiles.
///
/// Stages that the image does not need are left out; those that don't wait for each other are built at the same time. A
/// step's layer is taken from the cache where everything it depends on is the same. The same files and instructions give
/// the same bytes: times are clamped to ``BuildRequest/sourceDate``, entries sorted.
public final class ImageBuilder: Sendable {
    let images: ImageService
    let snapshots: OverlaySnapshotter
    let runtime: RuntimeClient
    let folders: ContainerService.Folders
    private let current = Mutex<BuildSession?>(nil)

    /// A builder over hako's folders.
    public init(
        images: ImageService, snapshots: OverlaySnapshotter, runtime: RuntimeClient, folders: ContainerService.Folders
    ) {
        (self.images, self.snapshots, self.runtime, self.folders) = (images, snapshots, runtime, folders)
    }

    /// Builds an image and gives it its names. Blocks; call it on a thread of one's own.
    ///
    /// Steps that were done before one failed stay in the cache.
    public func build(
        _ request: BuildRequest, progress: @escaping BuildProgressHandler = { _ in }
    ) throws -> BuildResult {
        BuildLeftovers.sweep(folders.state, runtime: runtime)
        let lease = try images.content.lease()
        defer { withExtendedLifetime(lease) {} }
        let session = try BuildSession(
            request, images: images, snapshots: snapshots, runtime: runtime, folders: folders, progress: progress)
        defer { session.close() }
        current.withLock { $0 = session }
        defer { current.withLock { $0 = nil } }
        warnOfUnusedArguments(request, progress)
        do {
            let state = try StageScheduler(session).run()
            return try ImageAssembly(session).finish(state)
        } catch {
            try? session.commit()
            throw error
        }
    }

    /// Closes connections to registries; the builder is of no use afterwards.
    public func shutdown() {
        let images = images
        try? waitFor { await images.shutdown() }
    }

    /// Ends the build that runs; it throws `cancelled`.
    public func cancel() {
        current.withLock { $0 }?.cancel()
    }

    /// Forgets all that builds could go on from, and the folders of cache mounts; layers go with the next collection.
    public func pruneCache() throws -> Int {
        let count = try BuildCache(images.content).prune()
        try removeTree("\(folders.root)/build/mounts")
        _ = try images.collectGarbage()
        return count
    }

    private func warnOfUnusedArguments(_ request: BuildRequest, _ progress: BuildProgressHandler) {
        var declared = Set(request.dockerfile.arguments.map(\.argument.name))
        for instruction in request.dockerfile.stages.flatMap(\.instructions) {
            if case .arguments(let list) = instruction.kind { declared.formUnion(list.map(\.name)) }
        }
        let known = BuildVariables.proxies.union(["SOURCE_DATE_EPOCH"])
        let unused = request.arguments.keys.filter { !declared.contains($0) && !known.contains($0) }.sorted()
        if !unused.isEmpty {
            progress(.warning("no ARG takes the build arguments \(unused.joined(separator: ", "))"))
        }
    }
}
