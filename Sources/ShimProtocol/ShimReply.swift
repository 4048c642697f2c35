internal import JSON
public import Support

/// A shim's answer to one request.
public struct ShimReply: Sendable {
    /// The request's number; 0 for the document that a shim writes to its starter.
    public var id: Int
    /// Why it could not be done; nil where it was.
    public var error: RuntimeError?
    /// The pid of the process that was created or started.
    public var pid: Int32?
    /// How the process ended.
    public var exit: ExitRecord?
    /// What the shim looks after.
    public var state: ShimState?

    /// A reply.
    public init(
        id: Int, error: RuntimeError? = nil, pid: Int32? = nil, exit: ExitRecord? = nil, state: ShimState? = nil
    ) {
        self.id = id
        self.error = error
        self.pid = pid
        self.exit = exit
        self.state = state
    }

    /// The frame's payload. An error's causes are in its message.
    public func json() -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { writer in
                writer.member("id", id)
                if let error {
                    writer.member("error") { writer in
                        writer.object { writer in
                            writer.member("code", error.code.rawValue)
                            writer.member("message", error.description)
                        }
                    }
                }
                writer.member("pid", pid)
                if let exit { writer.member("exit") { writer in writer.object { exit.write(to: &$0) } } }
                if let state { writer.member("state") { state.write(to: &$0) } }
            }
        }
    }

    /// Reads a frame's payload, or the document on the shim's stdout.
    public init(_ payload: [UInt8]) throws {
        self.init(id: 0)
        try JSONReader.document(payload) { reader in
            try reader.object { name, reader in
                switch name {
                case "id": id = try reader.integer()
                case "error": error = try Self.readError(&reader)
                case "pid": pid = try reader.integer()
                case "exit": exit = try ExitRecord(&reader)
                case "state": state = try ShimState(&reader)
                default: try reader.skip()
                }
            }
        }
    }

    private static func readError(_ reader: inout JSONReader) throws -> RuntimeError {
        var error = RuntimeError(.internal, "")
        try reader.object { name, reader in
            switch name {
            case "code": error.code = RuntimeError.Code(rawValue: try reader.string()) ?? .internal
            case "message": error.message = try reader.string()
            default: try reader.skip()
            }
        }
        return error
    }
}

/// What a shim looks after, at one instant.
public struct ShimState: Sendable, Equatable {
    /// Where a process is in its life.
    public enum Status: String, Sendable {
        /// Made, or prepared, and not started.
        case created
        /// Started.
        case running
        /// Ended; the record tells how.
        case exited
    }

    /// One process.
    public struct Process: Sendable, Equatable {
        /// Which.
        public var name: ProcessName
        /// Where it is in its life.
        public var status: Status
        /// Its pid; nil for an exec session that is not started.
        public var pid: Int32?
        /// How it ended.
        public var exit: ExitRecord?

        /// One process.
        public init(name: ProcessName, status: Status, pid: Int32?, exit: ExitRecord?) {
            self.name = name
            self.status = status
            self.pid = pid
            self.exit = exit
        }
    }

    /// The shim's own pid.
    public var shim: Int32
    /// Containers and exec sessions.
    public var processes: [Process]
    /// Lines that could not be written to a log, such as on a full disk.
    public var lostLines: Int

    /// A state.
    public init(shim: Int32, processes: [Process], lostLines: Int = 0) {
        self.shim = shim
        self.processes = processes
        self.lostLines = lostLines
    }

    init(_ reader: inout JSONReader) throws {
        self.init(shim: 0, processes: [])
        try reader.object { name, reader in
            switch name {
            case "shim": shim = try reader.integer()
            case "lostLines": lostLines = try reader.integer()
            case "processes": processes = try reader.list { try Self.readProcess(&$0) }
            default: try reader.skip()
            }
        }
    }

    private static func readProcess(_ reader: inout JSONReader) throws -> Process {
        var process = Process(name: ProcessName(""), status: .created, pid: nil, exit: nil)
        try reader.object { name, reader in
            switch name {
            case "container": process.name.container = try reader.string()
            case "exec": process.name.exec = try reader.string()
            case "status":
                let text = try reader.string()
                guard let status = Status(rawValue: text) else { throw reader.failure("unknown status \(text)") }
                process.status = status
            case "pid": process.pid = try reader.integer()
            case "exit": process.exit = try ExitRecord(&reader)
            default: try reader.skip()
            }
        }
        return process
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("shim", shim)
            writer.member("lostLines", lostLines)
            writer.member("processes") { writer in
                writer.array { writer in
                    for process in processes { Self.write(process, to: &writer) }
                }
            }
        }
    }

    private static func write(_ process: Process, to writer: inout JSONWriter) {
        writer.object { writer in
            process.name.write(to: &writer)
            writer.member("status", process.status.rawValue)
            writer.member("pid", process.pid)
            if let exit = process.exit { writer.member("exit") { writer in writer.object { exit.write(to: &$0) } } }
        }
    }
}
