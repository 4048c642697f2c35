internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// Keeps garbage collection away while blobs come in that no name refers to yet. Held while this object lives.
public final class Lease: Sendable {
    private let lock: FileLock

    init(_ lock: FileLock) {
        self.lock = lock
    }
}

/// What a garbage collection did.
public struct GarbageReport: Sendable, Hashable {
    /// True where nothing was done because a lease was held; collect again later.
    public var wasBusy = false
    /// How many blobs and unfinished downloads were removed.
    public var removed = 0
    /// How many bytes they had.
    public var bytes: Int64 = 0
}

extension ContentStore {
    /// Takes a lease; waits only for a collection that is running.
    public func lease() throws -> Lease {
        try attempt("use content store \(path)") {
            Lease(try FileLock.waiting("\(path)/content.lock", .shared))
        }
    }

    /// Removes the blobs that no image name reaches, and unfinished downloads older than `ingestAge` seconds.
    ///
    /// Returns at once, with ``GarbageReport/wasBusy``, while anyone holds a lease.
    ///
    /// - Parameter more: run at the end, while leases still have to wait.
    public func collectGarbage(ingestAge: Int = 24 * 3600, more: () throws -> Void = {}) throws -> GarbageReport {
        try attempt("collect garbage in \(path)") { try collect(ingestAge, more) }
    }

    private func collect(_ ingestAge: Int, _ more: () throws -> Void) throws -> GarbageReport {
        var report = GarbageReport()
        guard let lock = try FileLock.trying("\(path)/content.lock", .exclusive) else {
            report.wasBusy = true
            return report
        }
        defer { withExtendedLifetime(lock) {} }
        let reachable = try reachableBlobs()
        for algorithm in Digest.Algorithm.allCases {
            let folder = "\(path)/blobs/\(algorithm.rawValue)"
            for name in (try? directoryEntries(folder)) ?? [] {
                if let digest = try? Digest(algorithm, hex: name), reachable.contains(digest) { continue }
                try remove("\(folder)/\(name)", &report)
            }
        }
        let oldest = time(nil) - ingestAge
        for name in try directoryEntries("\(path)/ingest") {
            var status = stat()
            let file = "\(path)/ingest/\(name)"
            if lstat(file, &status) == 0, status.st_mtim.tv_sec <= oldest { try remove(file, &report) }
        }
        try more()
        return report
    }

    /// Every blob that an image name leads to, present or not.
    private func reachableBlobs() throws -> Set<Digest> {
        var reached: Set<Digest> = []
        var open = try entries().map { ($0, 0) }
        while let (content, depth) = open.popLast() {
            guard reached.insert(content.digest).inserted, depth <= ImageDocumentLimits.indexDepth else { continue }
            // A document that is missing or damaged leads nowhere: pulling the image again brings all of it back.
            guard !content.mediaType.isConfiguration, content.mediaType.layerCompression == nil,
                let bytes = try? read(content.digest, limit: ImageDocumentLimits.manifestBytes)
            else { continue }
            if let index = try? ImageIndex(bytes) {
                open += index.manifests.map { ($0, depth + 1) }
            } else if let manifest = try? Manifest(bytes) {
                reached.insert(manifest.configuration.digest)
                reached.formUnion(manifest.layers.map(\.digest))
            }
        }
        return reached
    }

    private func remove(_ file: String, _ report: inout GarbageReport) throws {
        var status = stat()
        guard lstat(file, &status) == 0 else { return }
        if unlink(file) != 0, errno != ENOENT { throw SystemCallError("unlink", errno: errno, subject: file) }
        report.removed += 1
        report.bytes += Int64(status.st_size)
    }
}
