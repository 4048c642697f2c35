internal import Support

/// The build's cache: a key names a step with all that it depends on, the value says what the step came to.
extension Metadata {
    /// A record of the cache.
    public struct CacheRecord: Sendable, Hashable {
        /// What the step and its inputs are.
        public let key: String
        /// What it came to, in the builder's own form.
        public let value: [UInt8]
        /// Bytes that the record alone keeps in the store.
        public let size: Int64
        /// When it was made, in seconds of the Unix epoch.
        public let created: Int64
        /// When it was used last.
        public let used: Int64
        /// How often it was used.
        public let uses: Int64
    }

    /// Keeps what a step came to; a record of the same key is replaced.
    ///
    /// - Parameters:
    ///   - keeping: digests of content and ``layerItem(_:)``s that are not collected as long as the record is there.
    ///   - size: bytes that they have.
    public func putCache(_ key: String, value: [UInt8], keeping: [String], size: Int64) throws {
        try change("keep a build step", durable: false) { connection in
            try connection.run("DELETE FROM cache WHERE key = ?", [.text(key)])
            try connection.run(
                "INSERT INTO cache(key, value, size, created, used) VALUES(?1, ?2, ?3, ?4, ?4)",
                [.text(key), .bytes(value), .integer(size), .integer(Self.now())])
            for item in keeping {
                try connection.run("INSERT OR IGNORE INTO cached(key, item) VALUES(?, ?)", [.text(key), .text(item)])
            }
        }
    }

    /// What the step came to when it was done before, which counts as a use; nil where it was not.
    public func cached(_ key: String) throws -> [UInt8]? {
        try change("find a build step", durable: false) { connection in
            var value: [UInt8]?
            try connection.query("SELECT value FROM cache WHERE key = ?", [.text(key)]) { value = $0.bytes(0) }
            if value != nil {
                try connection.run(
                    "UPDATE cache SET used = ?, uses = uses + 1 WHERE key = ?", [.integer(Self.now()), .text(key)])
            }
            return value
        }
    }

    /// Every record, the one used last first.
    public func cacheRecords() throws -> [CacheRecord] {
        try with("read the build cache") { connection in
            var all: [CacheRecord] = []
            try connection.query(
                "SELECT key, value, size, created, used, uses FROM cache ORDER BY used DESC, key"
            ) {
                all.append(
                    CacheRecord(
                        key: $0.text(0), value: $0.bytes(1), size: $0.integer(2), created: $0.integer(3),
                        used: $0.integer(4), uses: $0.integer(5)))
            }
            return all
        }
    }

    /// Removes records, and so lets a collection take what only they kept; returns how many there were.
    public func removeCache(_ keys: [String]) throws -> Int {
        try change("remove build steps", durable: false) { connection in
            var removed = 0
            for key in keys {
                try connection.run("DELETE FROM cache WHERE key = ?", [.text(key)])
                removed += connection.changes
            }
            return removed
        }
    }
}
