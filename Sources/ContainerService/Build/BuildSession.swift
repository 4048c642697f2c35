internal import Archive
internal import ContentStore
internal import Dockerfile
internal import Glibc
internal import Linux
internal import Metadata
internal import OCISpec
internal import ProcessIO
internal import Snapshots
internal import Support
internal import Synchronization

/// What the stages of one build share. May be used from several threads.
final class BuildSession: Sendable {
    let request: BuildRequest
    let plan: BuildPlan
    let images: ImageService
    let snapshots: OverlaySnapshotter
    let drafts: LayerDrafts
    let cache: BuildCache
    let runtime: RuntimeClient
    /// hako's root folder.
    let root: String
    /// This build's folder of mounts and bundles.
    let folder: String
    let progress: BuildProgressHandler
    private let state = Mutex(Shared())
    private let lock: OwnerLock

    private struct Shared {
        var isCancelled = false
        /// Containers that run.
        var containers: Set<String> = []
        var scratches = 0
        /// Layers that this build made, by chain ID.
        var layers: [Digest: StageLayer] = [:]
        /// Drafts to commit, in the order they were made.
        var made: [(draft: LayerDraft, chainID: String)] = []
        var blobs: [Digest: StagedBlob] = [:]
        var cached = 0
        var carriedOut = 0
    }

    init(
        _ request: BuildRequest, images: ImageService, snapshots: OverlaySnapshotter, runtime: RuntimeClient,
        folders: ContainerService.Folders, progress: @escaping BuildProgressHandler
    ) throws {
        self.request = request
        (self.images, self.snapshots, self.runtime, self.progress) = (images, snapshots, runtime, progress)
        plan = try BuildPlan(request)
        root = folders.root
        cache = BuildCache(images.content)
        let name = "build-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        folder = "\(folders.state)/builds/\(name)"
        try makeDirectories(folder, mode: 0o700)
        guard let lock = try OwnerLock(folder) else { throw RuntimeError(.internal, "a new build has an owner") }
        self.lock = lock
        drafts = try LayerDrafts(snapshots, name: name)
    }

    /// Removes everything that was not committed.
    func close() {
        try? BuildLeftovers.remove(folder, runtime: runtime)
        drafts.close()
    }

    // MARK: cancelling

    /// Ends the running steps and keeps further ones from beginning.
    func cancel() {
        let running = state.withLock { shared in
            shared.isCancelled = true
            return shared.containers
        }
        for id in running {
            // One that was just begun may not be known to the runtime yet.
            for _ in 0..<60 where state.withLock({ $0.containers.contains(id) }) {
                if (try? runtime.kill(id, signal: SIGKILL)) != nil { break }
                usleep(50_000)
            }
        }
    }

    /// Throws where the build was cancelled.
    func checkCancelled() throws {
        if state.withLock({ $0.isCancelled }) { throw RuntimeError(.cancelled, "the build was cancelled") }
    }

    func began(_ container: String) { _ = state.withLock { $0.containers.insert(container) } }
    func ended(_ container: String) { _ = state.withLock { $0.containers.remove(container) } }

    // MARK: scratch folders

    /// A new empty folder of this build.
    func scratch(_ purpose: String) throws -> String {
        let number = state.withLock { shared in
            shared.scratches += 1
            return shared.scratches
        }
        let path = "\(folder)/\(purpose)-\(number)"
        try makeDirectories(path, mode: 0o755)
        return path
    }

    /// Runs `body` with layers mounted to be read.
    func withView<T>(_ places: [LayerPlace], _ body: (borrowing RootDirectory) throws -> T) throws -> T {
        let path = try scratch("view")
        defer { rmdir(path) }
        try drafts.mountView(places, at: path)
        defer { try? drafts.unmount(at: path) }
        return try body(try RootDirectory(opening: path))
    }

    // MARK: layers

    func count(cached: Bool) {
        state.withLock { if cached { $0.cached += 1 } else { $0.carriedOut += 1 } }
    }

    var counts: (cached: Int, all: Int) { state.withLock { ($0.cached, $0.cached + $0.carriedOut) } }

    /// The layer of a record, where it still is.
    func layer(_ record: BuildCache.Record) -> StageLayer? {
        guard let diffID = record.diffID, let text = record.chainID,
            let chainID = try? Digest(.sha256, hex: text)
        else { return nil }
        if let own = state.withLock({ $0.layers[chainID] }) { return own }
        // Kept first, looked at then: a collection may run beside this.
        let items = [Metadata.layerItem(text), record.blob?.digest.description].compactMap(\.self)
        guard (try? images.content.protect(items)) != nil, (try? snapshots.contains(layer: text)) == true else {
            return nil
        }
        return StageLayer(diffID: diffID, chainID: chainID, place: .committed(text), blob: record.blob)
    }

    /// Makes the layer of a draft that nobody writes any more; nil where nothing was written.
    ///
    /// - Parameters:
    ///   - packs: whether the packed layer is made too.
    ///   - rootChanged: whether owner or mode of the root itself was changed.
    func finish(
        _ draft: LayerDraft, upon lowers: [StageLayer], packs: Bool, rootChanged: Bool
    ) throws -> StageLayer? {
        var options = LayerWriterOptions(
            .overlay, compression: packs ? .gzip : .none, latestTime: request.sourceDate)
        (options.setsTimes, options.includesRoot) = (true, rootChanged)
        let (written, blob) = try write(draft.path, options, packs: packs)
        guard written.entries > 0 else { return nil }
        let chainID = try chainIDs((lowers.last.map { [$0.chainID] } ?? []) + [written.diffID]).last ?? written.diffID
        try images.content.protect([Metadata.layerItem(chainID.hex)])
        return state.withLock { shared in
            if let same = shared.layers[chainID] { return same }
            let isThere = (try? snapshots.contains(layer: chainID.hex)) == true
            let layer = StageLayer(
                diffID: written.diffID, chainID: chainID, place: isThere ? .committed(chainID.hex) : .draft(draft),
                blob: written.blob)
            shared.layers[chainID] = layer
            if let blob, let digest = written.blob?.digest { shared.blobs[digest] = blob }
            if !isThere { shared.made.append((draft, chainID.hex)) }
            return layer
        }
    }

    private func write(
        _ path: String, _ options: LayerWriterOptions, packs: Bool
    ) throws -> ((diffID: Digest, entries: Int, blob: ContentDescriptor?), StagedBlob?) {
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        let hash = RunningHash()
        let blob = packs ? try images.content.stage() : nil
        let summary = try LayerWriter.write(folder, options: options, onData: { hash.hash.update($0) }) { bytes in
            try blob?.append(bytes)
        }
        let diffID = try hash.hash.digest()
        let content = try blob.map {
            ContentDescriptor(mediaType: .ociLayerGzip, digest: try $0.finish(), size: $0.size)
        }
        return ((diffID, summary.entries, content), blob)
    }

    /// The packed form of a layer that was made without it, or whose blob is gone.
    func pack(_ layer: StageLayer) throws -> StageLayer {
        if let blob = layer.blob {
            if images.content.contains(blob) || state.withLock({ $0.blobs[blob.digest] != nil }) { return layer }
        }
        let path = try drafts.fileSystem(layer.place)
        var options = LayerWriterOptions(.overlay, latestTime: request.sourceDate)
        var (written, blob) = try write(path, options, packs: true)
        if written.diffID != layer.diffID {
            options.includesRoot = true
            (written, blob) = try write(path, options, packs: true)
        }
        guard written.diffID == layer.diffID, let content = written.blob else {
            throw RuntimeError(.invalidState, "layer \(layer.chainID): its files have changed; build with --no-cache")
        }
        var packed = layer
        packed.blob = content
        state.withLock { $0.blobs[content.digest] = blob }
        return packed
    }

    private var isOneFileSystem: Bool {
        var first = stat()
        var second = stat()
        return stat(snapshots.root, &first) == 0 && stat(images.content.path, &second) == 0
            && first.st_dev == second.st_dev
    }

    /// Brings all that was made to the disk and into the cache.
    func commit() throws {
        let (made, blobs) = state.withLock { ($0.made, Array($0.blobs.values)) }
        try drafts.commit(made)
        // The commit has brought the whole file system to the disk.
        try images.content.publish(blobs, isFlushed: !made.isEmpty && isOneFileSystem)
        try cache.save()
    }
}

/// A hash that a callback adds to.
private final class RunningHash {
    var hash = ContentHash()
}
