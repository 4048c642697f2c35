internal import Glibc
internal import Linux
public import Metadata
public import OCISpec
internal import Support

/// What a garbage collection did.
public struct GarbageReport: Sendable, Hashable {
    /// How many blobs and unfinished downloads were removed.
    public var removed = 0
    /// How many bytes they had.
    public var bytes: Int64 = 0
    /// The digests of the blobs.
    public var blobs: [Digest] = []

    /// Nothing yet.
    public init() {}
}

extension ContentStore {
    /// Removes the blobs that no image name, lease or cache record leads to, and unfinished downloads older than
    /// `ingestAge` seconds that nobody is working on.
    ///
    /// Pulls go on meanwhile, and lose nothing. What goes is moved to `trash/` while nobody can ask for it, and
    /// removed afterwards.
    /// - Parameter layers: told the chain IDs of the unpacked layers that are needed; removes the others and returns
    ///   their chain IDs. Nobody can put a layer under a lease meanwhile.
    public func collectGarbage(
        ingestAge: Int = 24 * 3600, layers: (Set<String>) throws -> [String] = { _ in [] }
    ) throws -> GarbageReport {
        try attempt("collect garbage in \(path)") {
            var report = GarbageReport()
            try makeDirectories("\(path)/trash", mode: 0o700)
            try metadata().collect { roots in
                let reached = try reach(roots)
                try discardBlobs(reached.blobs, &report)
                let gone = try layers(reached.layers)
                return Set(report.blobs.map(\.description) + gone.map(Metadata.layerItem))
            }
            for name in try directoryEntries("\(path)/trash") { try remove("\(path)/trash/\(name)") }
            try removeOldIngests(ingestAge, &report)
            return report
        }
    }

    private func discardBlobs(_ kept: Set<Digest>, _ report: inout GarbageReport) throws {
        for digest in try blobs() where !kept.contains(digest) {
            report.bytes += size(of: digest) ?? 0
            let (from, to) = (blobPath(digest), "\(path)/trash/\(digest.algorithm.rawValue)-\(digest.hex)")
            try check("rename", from) { rename(from, to) }
            report.removed += 1
            report.blobs.append(digest)
        }
    }

    /// Every blob in the store, whatever else lies beside them.
    public func blobs() throws -> [Digest] {
        try Digest.Algorithm.allCases.flatMap { algorithm in
            let folder = "\(path)/blobs/\(algorithm.rawValue)"
            if access(folder, F_OK) != 0, errno == ENOENT { return [] as [Digest] }
            return try directoryEntries(folder).compactMap { try? Digest(algorithm, hex: $0) }
        }
    }

    /// Bytes of unfinished downloads.
    public func unfinishedBytes() throws -> Int64 {
        try directoryEntries("\(path)/ingest").reduce(0) { sum, name in
            var status = stat()
            return lstat("\(path)/ingest/\(name)", &status) == 0 ? sum + Int64(status.st_size) : sum
        }
    }

    private func removeOldIngests(_ age: Int, _ report: inout GarbageReport) throws {
        let oldest = time(nil) - age
        for name in try directoryEntries("\(path)/ingest") {
            let file = "\(path)/ingest/\(name)"
            var status = stat()
            guard lstat(file, &status) == 0, status.st_mtim.tv_sec <= oldest, try isAbandoned(file) else { continue }
            try remove(file)
            report.removed += 1
            report.bytes += Int64(status.st_size)
        }
    }

    /// Whether no owner holds the lock of an unfinished download, and no process writes a staged document.
    private func isAbandoned(_ file: String) throws -> Bool {
        let parts = (file.split(separator: "/").last ?? "").split(separator: "-")
        if parts.count == 3, let writer = Int32(parts[1]) { return kill(writer, 0) != 0 && errno == ESRCH }
        guard let opened = try? Descriptor.open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else { return false }
        return try tryLock(opened.rawValue, .exclusive, file)
    }

    private func remove(_ file: String) throws {
        if unlink(file) != 0, errno != ENOENT { throw SystemCallError("unlink", errno: errno, subject: file) }
    }
}

/// What roots lead to, present or not.
public struct Reached: Sendable {
    /// Blobs: documents, configurations, layers.
    public var blobs: Set<Digest> = []
    /// Chain IDs of unpacked layers.
    public var layers: Set<String> = []
}

extension ContentStore {
    /// Everything that names, leases and cache records lead to. A document that is missing or damaged leads nowhere:
    /// pulling the image again brings all of it back.
    public func reach(_ roots: Roots) throws -> Reached {
        var reached = Reached()
        var open = roots.images.map { ($0.target.digest, 0) }
        for item in roots.leased.union(roots.cached) {
            if let digest = try? Digest(item) {
                open.append((digest, 0))
            } else if item.hasPrefix(Metadata.layerItem("")) {
                reached.layers.insert(String(item.dropFirst(Metadata.layerItem("").utf8.count)))
            }
        }
        while let (digest, depth) = open.popLast() {
            guard reached.blobs.insert(digest).inserted, depth <= ImageDocumentLimits.indexDepth else { continue }
            guard let bytes = document(digest) else { continue }
            if let index = try? ImageIndex(bytes) {
                open += index.manifests.map { ($0.digest, depth + 1) }
            } else if let manifest = try? Manifest(bytes) {
                reached.blobs.insert(manifest.configuration.digest)
                reached.blobs.formUnion(manifest.layers.map(\.digest))
                reached.layers.formUnion(layers(of: manifest))
            }
        }
        return reached
    }

    /// The bytes of what may be an index or a manifest; layers, which are large or no JSON, are not read.
    private func document(_ digest: Digest) -> [UInt8]? {
        guard let size = size(of: digest), size <= Int64(ImageDocumentLimits.manifestBytes) else { return nil }
        let space: Set<UInt8> = [0x20, 0x0a, 0x0d, 0x09]
        guard let start = try? open(digest).readSome(64),
            start.first(where: { !space.contains($0) }) == UInt8(ascii: "{")
        else { return nil }
        return try? read(digest, limit: ImageDocumentLimits.manifestBytes)
    }

    private func layers(of manifest: Manifest) -> [String] {
        let limit = ImageDocumentLimits.configurationBytes
        guard let bytes = try? read(manifest.configuration.digest, limit: limit),
            let configuration = try? ImageConfiguration(bytes)
        else { return [] }
        return (try? chainIDs(configuration.diffIDs).map(\.hex)) ?? []
    }
}

extension ContentStore {
    /// The indexes and manifests behind a target that are here, the target first.
    public func documents(from target: ContentDescriptor) throws -> [Digest] {
        var found: [Digest] = []
        var open = [(target.digest, 0)]
        while let (digest, depth) = open.popLast() {
            guard !found.contains(digest), depth <= ImageDocumentLimits.indexDepth, let bytes = document(digest) else {
                continue
            }
            if let index = try? ImageIndex(bytes) {
                found.append(digest)
                open += index.manifests.map { ($0.digest, depth + 1) }
            } else if (try? Manifest(bytes)) != nil {
                found.append(digest)
            }
        }
        return found
    }
}
