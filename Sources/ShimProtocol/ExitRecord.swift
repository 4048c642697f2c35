internal import JSON

/// How a process ended.
public struct ExitRecord: Sendable, Equatable {
    /// Which one.
    public var process: ProcessName
    /// Its pid on the host, which may be another's by now.
    public var pid: Int32
    /// The code a shell shows: the exit code, or 128 and the signal's number.
    public var code: Int32
    /// The signal that ended it.
    public var signal: Int32?
    /// Whether the kernel killed a process of the container for want of memory.
    public var oomKilled: Bool
    /// When it started, RFC 3339 with nanoseconds, UTC; nil where it never did.
    public var startedAt: String?
    /// When its end was seen.
    public var finishedAt: String

    /// A record.
    public init(
        process: ProcessName, pid: Int32, code: Int32, signal: Int32? = nil, oomKilled: Bool = false,
        startedAt: String?, finishedAt: String
    ) {
        self.process = process
        self.pid = pid
        self.code = code
        self.signal = signal
        self.oomKilled = oomKilled
        self.startedAt = startedAt
        self.finishedAt = finishedAt
    }

    /// The document of a record.
    public func json() -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { writer in
                writer.member("version", ShimFolder.version)
                write(to: &writer)
            }
        }
    }

    /// Reads a document.
    public init(_ document: [UInt8]) throws {
        self = try JSONReader.document(document) { reader in try ExitRecord(&reader) }
    }

    init(_ reader: inout JSONReader) throws {
        self.init(process: ProcessName(""), pid: 0, code: 0, startedAt: nil, finishedAt: "")
        try reader.object { name, reader in
            switch name {
            case "version": try ShimFolder.checkVersion(&reader)
            case "container": process.container = try reader.string()
            case "exec": process.exec = try reader.string()
            case "pid": pid = try reader.integer()
            case "code": code = try reader.integer()
            case "signal": signal = try reader.integer()
            case "oomKilled": oomKilled = try reader.bool()
            case "startedAt": startedAt = try reader.string()
            case "finishedAt": finishedAt = try reader.string()
            default: try reader.skip()
            }
        }
    }

    func write(to writer: inout JSONWriter) {
        process.write(to: &writer)
        writer.member("pid", pid)
        writer.member("code", code)
        writer.member("signal", signal)
        writer.member("oomKilled", oomKilled)
        writer.member("startedAt", startedAt)
        writer.member("finishedAt", finishedAt)
    }
}
