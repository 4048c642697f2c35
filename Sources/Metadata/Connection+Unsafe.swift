internal import CSQLite
internal import Support

/// One connection to an SQLite database in WAL mode. Not safe for several threads at a time: ``Metadata`` holds a lock.
///
/// Commits reach the disk when they must: a durable transaction waits for the log's fsync, another one is whole after a
/// power failure but may be missing, together with all that came after it. The log is kept between programs, so that a
/// command that changes one row pays one fsync and neither a checkpoint nor new files.
final class Connection {
    /// How long a transaction waits for those of other programs, in milliseconds.
    static let patience: Int32 = 60_000
    /// Pages of the log after which it is copied into the database; a program that opens the log reads all of it.
    private static let logPages = 200

    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]
    private var isDurable = true
    /// Whether the file system or its owner lets nothing be written.
    let isReadOnly: Bool

    /// Opens the database, or makes an empty one.
    init(_ path: String) throws {
        (handle, isReadOnly) = try Self.open(path)
        do { try configure() } catch {
            sqlite3_close_v2(handle)
            throw error
        }
    }

    deinit {
        statements.removeAll()
        sqlite3_close_v2(handle)
    }

    private static func open(_ path: String) throws -> (OpaquePointer, isReadOnly: Bool) {
        do {
            return (try open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE), false)
        } catch let error as SQLiteError where error.primary == SQLITE_CANTOPEN || error.primary == SQLITE_READONLY {
            // On a read-only file system the log can't be opened either: what has been copied into the database is shown.
            let name = "file:\(escaped(path))?immutable=1"
            guard let opened = try? open(name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI) else { throw error }
            return (opened, true)
        }
    }

    private static func open(_ path: String, _ flags: Int32) throws -> OpaquePointer {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, nil)
        guard code == SQLITE_OK, let opened else {
            let error = sqliteError(code, opened, "open")
            sqlite3_close_v2(opened)
            throw error
        }
        sqlite3_busy_timeout(opened, patience)
        // Opening is lazy: only a look at the file shows whether it can be used.
        let looked = sqlite3_exec(opened, "PRAGMA schema_version", nil, nil, nil)
        guard looked == SQLITE_OK else {
            let error = sqliteError(looked, opened, "open")
            sqlite3_close_v2(opened)
            throw error
        }
        return opened
    }

    private static func escaped(_ path: String) -> String {
        path.utf8.reduce(into: "") { text, byte in
            let isPlain = byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "%") && byte != UInt8(ascii: "?")
            if isPlain && byte != UInt8(ascii: "#") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                text += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }

    private func configure() throws {
        if isReadOnly { return }
        var persists: Int32 = 1
        sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &persists)
        _ = cs_no_checkpoint_on_close(handle)
        var mode = ""
        try query("PRAGMA journal_mode=WAL") { mode = $0.text(0) }
        guard mode == "wal" else {
            throw SQLiteError(code: SQLITE_CANTOPEN, message: "the file system can't hold a write-ahead log")
        }
        for setting in ["wal_autocheckpoint=\(Self.logPages)", "synchronous=FULL", "foreign_keys=ON"] {
            try execute("PRAGMA \(setting)")
        }
    }

    /// Runs statements without values.
    func execute(_ sql: String) throws {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw sqliteError(code, handle, nil) }
    }

    /// Runs one statement.
    func run(_ sql: String, _ values: [SQLValue] = []) throws {
        try query(sql, values) { _ in }
    }

    /// Runs one statement, handing its rows to `row`; the statement is prepared once.
    func query(_ sql: String, _ values: [SQLValue] = [], _ row: (Row) throws -> Void) throws {
        let statement = try statements[sql] ?? Statement(sql, handle)
        statements[sql] = statement
        try statement.run(values, row)
    }

    /// How many rows the last statement changed.
    var changes: Int { Int(sqlite3_changes(handle)) }

    /// The key of the row that was inserted last.
    var lastRow: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Runs `body` in a transaction that alone may write, and commits it; undone where it throws.
    ///
    /// - Parameter durable: whether it, and all before it, must be there after a power failure.
    func transaction<T>(durable: Bool, _ body: () throws -> T) throws -> T {
        if durable != isDurable {
            try execute("PRAGMA synchronous=\(durable ? "FULL" : "NORMAL")")
            isDurable = durable
        }
        try execute("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // SQLite has rolled back by itself after some errors; a second time is refused and no matter.
            try? execute("ROLLBACK")
            throw error
        }
    }
}
