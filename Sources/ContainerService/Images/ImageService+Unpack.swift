internal import Archive
internal import ContentStore
internal import Dispatch
internal import Glibc
internal import Linux
internal import OCISpec
internal import Snapshots
internal import Support

extension ImageService {
    /// Unpacks what is not unpacked of an image whose content is here.
    func unpacked(_ image: Image, _ progress: @escaping ImageProgressHandler) async throws -> Image {
        let lease = try content.lease()
        defer { withExtendedLifetime(lease) {} }
        try keep(image)
        if try image.layers.allSatisfy(snapshots.contains(layer:)) { return image }
        do {
            try await bringLayers(of: image, progress) { [content] layer, arrival, _ in
                guard content.contains(layer), case .present = try content.ingest(layer, arrival: arrival) else {
                    // Only a layer that has to be unpacked needs it.
                    return arrival.fail(
                        RuntimeError(
                            .notFound, "blob \(layer.digest): not in the content store; pull the image again"))
                }
            }
        } catch {
            throw failure("unpack \(image.name)", error)
        }
        return image
    }

    /// Brings a layer's blob into the store while the arrival learns of its bytes.
    typealias BlobFetch = @Sendable (ContentDescriptor, BlobArrival, @Sendable (Int64) -> Void) async throws -> Void

    /// Brings the layers in and unpacks each while it comes: some at a time, the lowest first, each into a folder of its
    /// own. A layer is shown when its blob and what it unpacks to are verified and all layers below are shown.
    func bringLayers(
        of image: Image, _ progress: @escaping ImageProgressHandler, by fetch: @escaping BlobFetch
    ) async throws {
        for layer in image.manifest.layers { report(layer, .waiting, 0, progress) }
        // The batch goes unsettled: its layers can be unpacked again from the blobs, which are on the disk.
        let batch = try await onThread { [self] in try snapshots.batch(of: image.layers) }
        let unpacking = LayerUnpacking(image: image, content: content, snapshots: snapshots, batch: batch)
        defer { unpacking.discardRest() }
        try await withThrowingTaskGroup(of: Int.self) { group in
            var numbers = image.layers.indices.makeIterator()
            func begin() {
                guard let number = numbers.next() else { return }
                group.addTask { [self] in
                    try await unpackLayer(number, unpacking, progress, by: fetch)
                    return number
                }
            }
            for _ in 0..<Self.layersAtATime { begin() }
            var unpacked: Set<Int> = []
            var shown = 0
            while let number = try await group.next() {
                unpacked.insert(number)
                begin()
                while unpacked.contains(shown) {
                    try unpacking.commit(shown)
                    report(image.manifest.layers[shown], .done, image.manifest.layers[shown].size, progress)
                    shown += 1
                }
            }
        }
    }

    /// Brings one layer in and unpacks it; both are verified when this returns.
    private func unpackLayer(
        _ number: Int, _ unpacking: LayerUnpacking, _ progress: @escaping ImageProgressHandler, by fetch: BlobFetch
    ) async throws {
        let layer = unpacking.image.manifest.layers[number]
        let arrival = BlobArrival()
        async let unpacked: Void = onThread { try unpacking.unpack(number, from: arrival) }
        do {
            try await fetch(layer, arrival) { report(layer, .downloading, $0, progress) }
        } catch {
            unpacking.giveUp(error)
            arrival.fail(error)
            throw error
        }
        report(layer, .extracting, layer.size, progress)
        try await unpacked
        report(layer, .verifying, layer.size, progress)
    }
}

/// Waits on this thread, which must not be one of Swift's own pool, for work that is asynchronous.
public func waitFor<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
    let box = ResultBox<T>()
    let ended = DispatchSemaphore(value: 0)
    Task.detached {
        do { box.result = .success(try await body()) } catch { box.result = .failure(error) }
        ended.signal()
    }
    ended.wait()
    guard let result = box.result else { throw RuntimeError(.internal, "no result") }
    return try result.get()
}

// SAFETY: written before the semaphore is signalled and read after it was waited for.
private final class ResultBox<T>: @unchecked Sendable {
    var result: Result<T, any Error>?
}
