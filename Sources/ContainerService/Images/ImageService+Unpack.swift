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
        do {
            for number in image.layers.indices where try !snapshots.contains(layer: image.layers[number]) {
                try await unpackLayer(number, of: image, progress)
            }
        } catch {
            throw failure("unpack \(image.name)", error)
        }
        return image
    }

    /// Unpacks one layer upon those below it, which are there; the diffID is verified.
    func unpackLayer(_ number: Int, of image: Image, _ progress: @escaping ImageProgressHandler) async throws {
        let layer = image.manifest.layers[number]
        let diffID = image.configuration.diffIDs[number]
        report(layer, .extracting, 0, progress)
        try await onThread { [self] in
            try snapshots.commitLayer(image.layers[number], lowers: Array(image.layers[..<number])) { root, lowers in
                do {
                    try extract(layer, diffID, root, lowers)
                } catch {
                    // A blob that was damaged on the disk must not stand in the way of the next pull.
                    if (try? content.verify(layer.digest)) == nil { try? content.removeBlob(layer.digest) }
                    throw RuntimeError(
                        (error as? any CodedError)?.runtimeCode ?? .internal, "layer \(layer.digest)", cause: error)
                }
            }
        }
        report(layer, .done, layer.size, progress)
    }

    private func extract(
        _ layer: ContentDescriptor, _ diffID: Digest, _ root: borrowing RootDirectory, _ lowers: [SharedDescriptor]
    ) throws {
        let file = try content.open(layer.digest)
        let hash = StreamHash(diffID.algorithm)
        var options = ExtractionOptions()
        options.lowers = lowers
        _ = try LayerExtractor.extract(file, into: root, options: options) { hash.hash.update($0) }
        let found = try hash.hash.digest()
        guard found == diffID else {
            throw RuntimeError(.invalidState, "it unpacks to \(found), but the image names \(diffID)")
        }
    }
}

/// A hash that a callback adds to.
final class StreamHash {
    var hash: ContentHash

    init(_ algorithm: Digest.Algorithm) {
        hash = ContentHash(algorithm)
    }
}

/// Runs what blocks on a thread outside Swift's own pool.
func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
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
