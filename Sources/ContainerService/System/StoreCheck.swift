internal import ContentStore
internal import Dispatch
internal import Linux
internal import Metadata
internal import OCISpec
internal import Snapshots
internal import Support
internal import Synchronization

/// What a check of the store found.
public struct StoreCheck: Sendable {
    /// Something that is not as it should be.
    public struct Problem: Sendable, Hashable {
        /// A blob's digest, `layer:` and a chain ID, or a file.
        public let item: String
        /// What is wrong with it.
        public let fault: String
        /// The images that need it.
        public let images: [String]
        /// How it was put right; nil where it was not.
        public var remedy: String?
    }

    /// How many blobs were looked at.
    public var blobs = 0
    /// How many unpacked layers were looked at.
    public var layers = 0
    /// What is wrong.
    public var problems: [Problem] = []
    /// What is wrong and was not put right.
    public var open: [Problem] { problems.filter { $0.remedy == nil } }
}

/// A blob that images need.
struct NeededBlob: Sendable {
    let content: ContentDescriptor
    /// Whether it is an index or a manifest.
    let isDocument: Bool
    var images: [String]
}

extension ImageService {
    /// Looks at everything that images need: the database, each blob's presence and size, each layer's presence.
    ///
    /// - Parameters:
    ///   - full: also hashes every blob, and compares every unpacked layer with its blob.
    ///   - repair: brings missing and damaged blobs again from where they came, and unpacks layers again.
    public func checkStore(full: Bool, repair: Bool) async throws -> StoreCheck {
        let lease = try content.lease()
        defer { withExtendedLifetime(lease) {} }
        var report = StoreCheck()
        report.problems = try content.metadata().check().map {
            .init(item: try content.metadata().path, fault: $0, images: [])
        }
        // A repaired index or manifest leads to blobs that were out of sight: look again until nothing new is seen.
        var seen: Set<Digest> = []
        while true {
            let fresh = try neededBlobs().filter { seen.insert($0.content.digest).inserted }
            if fresh.isEmpty { break }
            try content.protect(fresh.map(\.content.digest.description))
            report.blobs += fresh.count
            for (blob, fault) in try await faults(of: fresh, full: full) {
                var problem = StoreCheck.Problem(
                    item: blob.content.digest.description, fault: fault, images: blob.images)
                if repair { problem.remedy = await refetch(blob) }
                report.problems.append(problem)
            }
        }
        try await checkStrays(&report, seen, full: full, repair: repair)
        for image in try list() { try await checkLayers(of: image, &report, full: full, repair: repair) }
        return report
    }

    /// Every blob that must be here, by what the documents that are here say.
    private func neededBlobs() throws -> [NeededBlob] {
        var needed: [Digest: NeededBlob] = [:]
        var order: [Digest] = []
        func need(_ blob: ContentDescriptor, isDocument: Bool, _ image: String) {
            if needed[blob.digest] == nil {
                needed[blob.digest] = NeededBlob(content: blob, isDocument: isDocument, images: [])
                order.append(blob.digest)
            }
            if needed[blob.digest]?.images.contains(image) == false { needed[blob.digest]?.images.append(image) }
        }
        for image in try content.images() {
            need(image.target, isDocument: true, image.name)
            for digest in try content.documents(from: image.target) {
                guard let bytes = try? content.read(digest, limit: ImageDocumentLimits.manifestBytes) else { continue }
                // Of an index those platforms are here that were asked for.
                if let index = try? ImageIndex(bytes) {
                    for entry in index.manifests where content.size(of: entry.digest) != nil {
                        need(entry, isDocument: true, image.name)
                    }
                } else if let manifest = try? Manifest(bytes) {
                    for blob in [manifest.configuration] + manifest.layers { need(blob, isDocument: false, image.name) }
                }
            }
        }
        return order.compactMap { needed[$0] }
    }

    /// What is wrong with blobs; hashing goes on all processors.
    private func faults(of blobs: [NeededBlob], full: Bool) async throws -> [(NeededBlob, String)] {
        let content = content
        return try await onThread {
            let found = Mutex<[(Int, String)]>([])
            DispatchQueue.concurrentPerform(iterations: blobs.count) { index in
                let blob = blobs[index].content
                guard let size = content.size(of: blob.digest) else {
                    return found.withLock { $0.append((index, "missing")) }
                }
                if size != blob.size {
                    return found.withLock { $0.append((index, "\(size) bytes where \(blob.size) are due")) }
                }
                guard full || blobs[index].isDocument else { return }
                do { try content.verify(blob.digest) } catch {
                    found.withLock { $0.append((index, "damaged")) }
                }
            }
            return found.withLock { $0 }.sorted { $0.0 < $1.0 }.map { (blobs[$0.0], $0.1) }
        }
    }

    /// Blobs that no image needs: a damaged one must not be taken for good by a later pull.
    private func checkStrays(
        _ report: inout StoreCheck, _ seen: Set<Digest>, full: Bool, repair: Bool
    ) async throws {
        guard full else { return }
        let strays = try content.blobs().filter { !seen.contains($0) }.map { digest in
            NeededBlob(
                content: ContentDescriptor(mediaType: .ociLayer, digest: digest, size: content.size(of: digest) ?? 0),
                isDocument: false, images: [])
        }
        report.blobs += strays.count
        for (blob, fault) in try await faults(of: strays, full: true) where fault != "missing" {
            var problem = StoreCheck.Problem(item: blob.content.digest.description, fault: fault, images: [])
            if repair, (try? content.removeBlob(blob.content.digest)) != nil {
                problem.remedy = "removed: no image needs it"
            }
            report.problems.append(problem)
        }
    }
}
