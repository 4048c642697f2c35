internal import CSQLite

/// A value that goes into a statement.
enum SQLValue {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])

    init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    init(_ number: Int64?) { self = number.map { .integer($0) } ?? .null }
}

/// The current row of a statement; valid until the statement is stepped on.
struct Row {
    fileprivate let statement: OpaquePointer

    /// The integer in a column, 0 where it is NULL.
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    /// The text in a column, empty where it is NULL.
    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// The bytes of a column.
    func bytes(_ column: Int32) -> [UInt8] {
        // SAFETY: SQLite's memory stays valid until the column is read in another form or the statement goes on; it
        // is copied at once, and sqlite3_column_bytes is asked after the pointer, as SQLite demands.
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }
}

/// A prepared statement, run again and again with other values.
final class Statement {
    private let handle: OpaquePointer
    private let database: OpaquePointer

    init(_ sql: String, _ database: OpaquePointer) throws {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw sqliteError(code, database, sql) }
        handle = prepared
        self.database = database
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs it to its end, handing each row to `row`.
    func run(_ values: [SQLValue], _ row: (Row) throws -> Void) throws {
        defer {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        for (index, value) in values.enumerated() { try bind(value, Int32(index) + 1) }
        while true {
            let code = sqlite3_step(handle)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw sqliteError(code, database, nil) }
            try row(Row(statement: handle))
        }
    }

    private func bind(_ value: SQLValue, _ place: Int32) throws {
        // SAFETY: SQLITE_TRANSIENT, -1 as a pointer, tells SQLite to copy the bytes before the call returns.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        let code =
            switch value {
            case .null: sqlite3_bind_null(handle, place)
            case .integer(let number): sqlite3_bind_int64(handle, place, number)
            case .text(let text):
                text.withCString { sqlite3_bind_text(handle, place, $0, Int32(text.utf8.count), transient) }
            case .bytes(let bytes):
                bytes.withUnsafeBytes {
                    sqlite3_bind_blob(handle, place, $0.baseAddress, Int32($0.count), transient)
                }
            }
        guard code == SQLITE_OK else { throw sqliteError(code, database, nil) }
    }
}

/// The error that a call on `database` left.
func sqliteError(_ code: Int32, _ database: OpaquePointer?, _ doing: String?) -> SQLiteError {
    // SAFETY: SQLite's messages are NUL-terminated and copied at once.
    let words = String(cString: database.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(code))
    let extended = database.map { sqlite3_extended_errcode($0) } ?? code
    return SQLiteError(code: extended, message: doing.map { "\($0): \(words)" } ?? words)
}
