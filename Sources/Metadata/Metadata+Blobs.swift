public import OCISpec
internal import Support

/// What is known of blobs beside their bytes, and of unpacked layers.
extension Metadata {
    /// A layer's blob and the hash of what it unpacks to.
    public struct LayerBlob: Sendable, Hashable {
        /// The blob as it lies in the store.
        public let digest: Digest
        /// Its bytes.
        public let size: Int64
        /// The hash of its tar stream.
        public let diffID: Digest

        /// Takes the facts.
        public init(digest: Digest, size: Int64, diffID: Digest) {
            self.digest = digest
            self.size = size
            self.diffID = diffID
        }
    }

    /// What a layer takes on the disk.
    public struct LayerUsage: Sendable, Hashable {
        /// Bytes of its blocks.
        public let bytes: Int64
        /// Files, folders and others.
        public let inodes: Int64

        /// Takes the figures.
        public init(bytes: Int64, inodes: Int64) {
            self.bytes = bytes
            self.inodes = inodes
        }
    }

    /// Notes what layers' blobs unpack to.
    public func noteLayers(_ layers: [LayerBlob]) throws {
        if layers.isEmpty { return }
        try change("note layers", durable: false) { connection in
            for layer in layers {
                try connection.run(
                    """
                    INSERT INTO blobs(digest, size, diffID) VALUES(?1, ?2, ?3)
                    ON CONFLICT(digest) DO UPDATE SET diffID = ?3
                    """,
                    [.text(layer.digest.description), .integer(layer.size), .text(layer.diffID.description)])
            }
        }
    }

    /// The hash of what a layer's blob unpacks to, where it is known.
    public func diffID(of blob: Digest) throws -> Digest? {
        try with("find the diffID of \(blob)") { connection in
            var found: Digest?
            try connection.query(
                "SELECT diffID FROM blobs WHERE digest = ? AND diffID IS NOT NULL", [.text(blob.description)]
            ) { found = try Digest($0.text(0)) }
            return found
        }
    }

    /// The blobs that are known to unpack to `diffID`, such as one packed with gzip and one with zstd.
    public func blobs(diffID: Digest) throws -> [LayerBlob] {
        try with("find the blobs of \(diffID)") { connection in
            var all: [LayerBlob] = []
            try connection.query(
                "SELECT digest, size FROM blobs WHERE diffID = ? ORDER BY digest", [.text(diffID.description)]
            ) { all.append(LayerBlob(digest: try Digest($0.text(0)), size: $0.integer(1), diffID: diffID)) }
            return all
        }
    }

    /// Notes that blobs are, or were, in a registry's repository, such as `docker.io/library/busybox`.
    public func noteSource(_ repository: String, of blobs: [Digest]) throws {
        try change("note a source", durable: false) { connection in
            for blob in blobs {
                try connection.run(
                    "INSERT OR REPLACE INTO sources(digest, repository, seen) VALUES(?, ?, ?)",
                    [.text(blob.description), .text(repository), .integer(Self.now())])
            }
        }
    }

    /// The repositories that hold, or held, a blob; the one seen last first.
    public func sources(of blob: Digest) throws -> [String] {
        try with("find the sources of \(blob)") { connection in
            var all: [String] = []
            try connection.query(
                "SELECT repository FROM sources WHERE digest = ? ORDER BY seen DESC, repository",
                [.text(blob.description)]
            ) { all.append($0.text(0)) }
            return all
        }
    }

    /// What unpacked layers take, as far as it was noted.
    public func layerUsage() throws -> [String: LayerUsage] {
        try with("read the layers' sizes") { connection in
            var all: [String: LayerUsage] = [:]
            try connection.query("SELECT chainID, bytes, inodes FROM layers") {
                all[$0.text(0)] = LayerUsage(bytes: $0.integer(1), inodes: $0.integer(2))
            }
            return all
        }
    }

    /// Notes what unpacked layers take; a layer never changes.
    public func noteUsage(_ usage: [String: LayerUsage]) throws {
        if usage.isEmpty { return }
        try change("note the layers' sizes", durable: false) { connection in
            for (chainID, figures) in usage {
                try connection.run(
                    "INSERT OR REPLACE INTO layers(chainID, bytes, inodes) VALUES(?, ?, ?)",
                    [.text(chainID), .integer(figures.bytes), .integer(figures.inodes)])
            }
        }
    }
}
