internal import Support

/// The tables, as the steps that lead to them. A step is never changed once it has been released: add another.
enum Schema {
    /// The version that this program writes, kept as the database's `user_version`.
    static var version: Int { steps.count }

    /// Brings the database to ``version``, in one transaction; `filled` runs in it where the database is new.
    ///
    /// - Throws: `unsupported` where a newer program has written it.
    static func migrate(_ connection: Connection, filled: () throws -> Void) throws -> Bool {
        let found = try current(connection)
        if found == version { return false }
        try refuseNewer(found)
        if connection.isReadOnly { throw RuntimeError(.permissionDenied, "an older form, on a read-only file system") }
        return try connection.transaction(durable: true) {
            // Another program may have been faster.
            let found = try current(connection)
            try refuseNewer(found)
            for step in steps[found...] { try connection.execute(step) }
            if found == 0 { try filled() }
            try connection.execute("PRAGMA user_version=\(version)")
            return found == 0
        }
    }

    private static func current(_ connection: Connection) throws -> Int {
        var found: Int64 = 0
        try connection.query("PRAGMA user_version") { found = $0.integer(0) }
        return Int(found)
    }

    private static func refuseNewer(_ found: Int) throws {
        guard (0...version).contains(found) else {
            throw RuntimeError(
                .unsupported, "its form is version \(found), this program knows 1 to \(version): use a newer hako")
        }
    }

    private static let steps = [
        """
        CREATE TABLE images(
            name TEXT PRIMARY KEY, short TEXT, target TEXT NOT NULL, mediaType TEXT NOT NULL, size INTEGER NOT NULL,
            changed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX imagesByTarget ON images(target);
        CREATE TABLE summaries(
            target TEXT PRIMARY KEY, identifier TEXT NOT NULL, created INTEGER, size INTEGER NOT NULL,
            platform TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX summariesByIdentifier ON summaries(identifier);
        CREATE TABLE leases(
            id INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, space INTEGER NOT NULL, pid INTEGER NOT NULL,
            started INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT;
        CREATE TABLE leased(
            lease INTEGER NOT NULL REFERENCES leases ON DELETE CASCADE, item TEXT NOT NULL,
            PRIMARY KEY(lease, item)) STRICT, WITHOUT ROWID;
        CREATE TABLE blobs(digest TEXT PRIMARY KEY, size INTEGER NOT NULL, diffID TEXT) STRICT, WITHOUT ROWID;
        CREATE INDEX blobsByDiffID ON blobs(diffID) WHERE diffID IS NOT NULL;
        CREATE TABLE sources(
            digest TEXT NOT NULL, repository TEXT NOT NULL, seen INTEGER NOT NULL,
            PRIMARY KEY(digest, repository)) STRICT, WITHOUT ROWID;
        CREATE TABLE layers(
            chainID TEXT PRIMARY KEY, bytes INTEGER NOT NULL, inodes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE cache(
            key TEXT PRIMARY KEY, value BLOB NOT NULL, size INTEGER NOT NULL, created INTEGER NOT NULL,
            used INTEGER NOT NULL, uses INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
        CREATE TABLE cached(
            key TEXT NOT NULL REFERENCES cache ON DELETE CASCADE, item TEXT NOT NULL,
            PRIMARY KEY(key, item)) STRICT, WITHOUT ROWID;
        CREATE TABLE facts(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        """
    ]
}
