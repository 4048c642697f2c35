internal import CSQLite
public import Support

/// What SQLite refused: its result code and its own words.
public struct SQLiteError: CodedError, Sendable, CustomStringConvertible {
    /// The extended result code (sqlite.org "Result and Error Codes").
    public let code: Int32
    /// SQLite's message, with what was being done.
    public let message: String

    /// Such as `commit: database or disk is full (SQLite 13)`.
    public var description: String { "\(message) (SQLite \(code))" }

    /// The primary result code, the low byte of the extended one.
    var primary: Int32 { code & 0xff }

    /// The code that fits.
    public var runtimeCode: RuntimeError.Code {
        switch primary {
        case SQLITE_FULL, SQLITE_NOMEM, SQLITE_TOOBIG: .resourceExhausted
        case SQLITE_BUSY, SQLITE_LOCKED: .timeout
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH, SQLITE_CANTOPEN: .permissionDenied
        case SQLITE_CORRUPT, SQLITE_NOTADB: .invalidState
        default: .internal
        }
    }
}
