internal import JSON
public import Linux
internal import Support

/// The folder of one shim, made by its starter (mode 0700) and removed by whoever has collected the exit records.
///
/// | file | written by | content |
/// |---|---|---|
/// | `shim.json` | the starter | ``ShimSettings`` |
/// | `shim.sock` | the shim | its socket (mode 0600); refuses connections once the shim is gone |
/// | `shim.pid` | the shim | its pid and its start time (field 22 of proc_pid_stat(5)) in one line |
/// | `ID.pid` | the runtime | the pid of a container's first process |
/// | `ID.exit.json` | the shim | ``ExitRecord``: on the disk before the exit is told to anybody |
/// | `runtime.log`, `exec.*` | the shim | the errors of a call of the runtime; gone after it |
///
/// A shim is started as `hako-shim FOLDER`. The process that was started ends at once; a child of it in a session of its own goes on.
/// When the first container has been created, or could not be, it writes one ``ShimReply`` in JSON to stdout and closes that.
public struct ShimFolder: Sendable, Equatable {
    /// The version of the protocol and of the documents.
    public static let version = 1

    /// The folder's path.
    public let path: String

    /// The folder at a path.
    public init(_ path: String) { self.path = path }

    /// The settings' file.
    public var settings: String { path + "/shim.json" }
    /// The socket.
    public var socket: String { path + "/shim.sock" }
    /// The file that says which process the shim is.
    public var pidFile: String { path + "/shim.pid" }
    /// The file that the runtime writes a container's pid to.
    public func containerPidFile(_ container: String) -> String { "\(path)/\(container).pid" }
    /// The record of a container's end; there once it has ended.
    public func exitRecord(_ container: String) -> String { "\(path)/\(container).exit.json" }

    /// The record of a container's end; nil where it has not ended (or its shim was killed).
    public func readExitRecord(_ container: String) throws -> ExitRecord? {
        let path = exitRecord(container)
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try readFile(path, limit: 65536)
        } catch {
            if error.runtimeCode == .notFound { return nil }
            throw error
        }
        return try attempt("read \(path)") { try ExitRecord(bytes) }
    }

    /// The shim's process, as it wrote it down; whether that is alive is ``ProcessIdentity/isAlive``'s to say.
    public func shim() throws -> ProcessIdentity? {
        guard let text = try? readText(pidFile) else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 2, let pid = Int32(words[0]), let start = UInt64(words[1]) else { return nil }
        return ProcessIdentity(pid: pid, startTime: start)
    }

    static func checkVersion(_ reader: inout JSONReader) throws {
        let version: Int = try reader.integer()
        if version != Self.version { throw reader.failure("version \(version) is unknown; this is \(Self.version)") }
    }
}
