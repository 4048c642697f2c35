internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// What hako knows of its images beside their content: names, summaries, leases, where blobs came from, unpacked layers
/// and the build's cache, in one SQLite database.
///
/// Any number of programs and threads may use one database. A call either takes place as a whole or throws; what must
/// not be lost in a power failure (names) is on the disk when the call returns, the rest can be found out again.
///
/// Items that leases and cache records keep are digests of content (`sha256:…`) and chain IDs of unpacked layers,
/// written as ``layerItem(_:)``.
public final class Metadata: Sendable {
    /// The database's file.
    public let path: String
    private let connection: SerialConnection

    /// Opens the database, makes a new one, or brings an older one to this program's form.
    ///
    /// - Parameter importing: the names that a new database begins with.
    public init(opening path: String, importing: () throws -> [NamedImage] = { [] }) throws {
        self.path = path
        connection = try attempt("open metadata \(path)") {
            let opened = try Connection(path)
            let isNew = try Schema.migrate(opened) {
                for image in try importing() { try Self.put(image, opened) }
            }
            // SQLite makes the log's name durable, the database's own it leaves to others.
            if isNew { try Descriptor.open(parentPath(path), O_RDONLY | O_DIRECTORY).synchronize(path) }
            return SerialConnection(opened)
        }
    }

    /// The item that stands for an unpacked layer.
    public static func layerItem(_ chainID: String) -> String { "layer:\(chainID)" }

    /// Runs `body` alone on the connection.
    func with<T>(_ doing: @autoclosure () -> String, _ body: (Connection) throws -> T) throws -> T {
        try attempt("\(doing()) in \(path)") { try connection.with(body) }
    }

    /// Runs `body` in a transaction.
    func change<T>(_ doing: @autoclosure () -> String, durable: Bool, _ body: (Connection) throws -> T) throws -> T {
        try with(doing()) { connection in try connection.transaction(durable: durable) { try body(connection) } }
    }

    /// Whether nothing can be written.
    public var isReadOnly: Bool { connection.isReadOnly }

    /// Checks the database's own structure; what is wrong with it, a line each, nothing where it is whole.
    public func check() throws -> [String] {
        try with("check") { connection in
            var found: [String] = []
            try connection.query("PRAGMA integrity_check") { found.append($0.text(0)) }
            try connection.query("PRAGMA foreign_key_check") { found.append("a stray row in \($0.text(0))") }
            return found.filter { $0 != "ok" }
        }
    }

    /// Seconds of the Unix epoch.
    static func now() -> Int64 { Int64(time(nil)) }
}
