internal import CLinux
internal import Glibc
internal import JSON
internal import Linux
public import OCISpec
internal import ProcessIO
internal import Support

/// A client of an OCI runtime, which is a program: any that takes the usual verbs (create, start, state, kill, delete).
public struct RuntimeClient: Sendable {
    /// The program's file.
    public let path: String
    /// The runtime's own state folder (`--root`).
    public let stateFolder: String

    /// A runtime at `path` that keeps its state in `stateFolder`.
    public init(path: String, stateFolder: String) {
        self.path = path
        self.stateFolder = stateFolder
    }

    /// The standard descriptors that a container's process gets; nil is /dev/null.
    public struct StandardIO: Sendable {
        /// Descriptor that becomes 0.
        public var input: Int32?
        /// Descriptor that becomes 1.
        public var output: Int32?
        /// Descriptor that becomes 2.
        public var error: Int32?

        /// Three descriptors.
        public init(input: Int32?, output: Int32?, error: Int32?) {
            self.input = input
            self.output = output
            self.error = error
        }
    }

    /// `create`: makes the container of a bundle and returns its process's pid in this pid namespace.
    ///
    /// - Parameters:
    ///   - consoleSocket: the path that receives the terminal's master; the standard descriptors then are not passed.
    public func create(_ id: String, bundle: String, consoleSocket: String?, io: StandardIO) throws -> Int32 {
        let pidFile = "\(bundle)/pid"
        let log = "\(bundle)/log.json"
        var words = ["--log", log, "--log-format", "json", "create", "--bundle", bundle, "--pid-file", pidFile]
        if let consoleSocket { words += ["--console-socket", consoleSocket] }
        var child = program(words + [id])
        let capture = try CapturedOutput()
        child.output = capture.descriptor.rawValue
        child.error = capture.descriptor.rawValue
        if consoleSocket == nil { (child.input, child.output, child.error) = (io.input, io.output, io.error) }
        let status = try waitForChild(child.spawn())
        guard status == .exited(0) else {
            throw failure("create", id, status, logged: Self.lastMessage(in: log) ?? capture.lastLine)
        }
        guard let pid = Int32(try readText(pidFile)), pid > 0 else {
            throw RuntimeError(.internal, "\(name) create \(id): wrote no pid")
        }
        return pid
    }

    /// `start`: lets the container's process execute its program.
    public func start(_ id: String, bundle: String) throws {
        let log = "\(bundle)/log.json"
        try run("start", ["--log", log, "--log-format", "json", "start", id], id, log: log)
    }

    /// `kill`: sends a signal to the container's process.
    public func kill(_ id: String, signal: Int32) throws {
        try run("kill", ["kill", id, "\(signal)"], id)
    }

    /// `pause`: stops all processes of the container until ``resume(_:)``.
    public func pause(_ id: String) throws {
        try run("pause", ["pause", id], id)
    }

    /// `resume`: lets a paused container go on.
    public func resume(_ id: String) throws {
        try run("resume", ["resume", id], id)
    }

    /// `state`: what the runtime knows of the container.
    public func state(_ id: String) throws -> ContainerState {
        let output = try run("state", ["state", id], id)
        return try attempt("\(name) state \(id)") { try ContainerState(json: output) }
    }

    /// `delete --force`: kills what runs and removes the runtime's traces; nothing to delete is no error.
    public func delete(_ id: String) throws {
        try run("delete", ["delete", "--force", id], id)
    }

    /// What the program says of itself (`--version`), first line.
    public func version() throws -> String {
        let text = String(decoding: try run("--version", ["--version"], ""), as: UTF8.self)
        return text.split(separator: "\n").first.map(String.init) ?? ""
    }

    private var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    private func program(_ words: [String]) -> ChildProgram {
        // Nothing of the caller's environment can reach a runtime or its hooks but the path.
        ChildProgram(
            path: path, arguments: ["--root", stateFolder] + words,
            environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    }

    @discardableResult
    private func run(_ verb: String, _ words: [String], _ id: String, log: String? = nil) throws -> [UInt8] {
        var child = program(words)
        let output = try CapturedOutput()
        let errors = try CapturedOutput()
        child.output = output.descriptor.rawValue
        child.error = errors.descriptor.rawValue
        let status = try waitForChild(child.spawn())
        guard status == .exited(0) else {
            throw failure(verb, id, status, logged: log.flatMap(Self.lastMessage(in:)) ?? errors.lastLine)
        }
        return try output.bytes()
    }

    private func failure(_ verb: String, _ id: String, _ status: ExitStatus, logged: String?) -> RuntimeError {
        let what = "\(name) \(verb) \(id.prefix(12))"
        guard let logged else { return RuntimeError(.internal, "\(what): failed with \(status)") }
        return RuntimeError(.internal, "\(what): \(logged)")
    }

    /// The message of the last error in a log of one JSON object a line.
    static func lastMessage(in log: String) -> String? {
        guard let text = try? readFile(log, limit: 1 << 20) else { return nil }
        var last: String?
        for line in text.split(separator: UInt8(ascii: "\n")) {
            var level = ""
            var message: String?
            try? JSONReader.document(Array(line)) { reader in
                try reader.object { key, value in
                    switch key {
                    case "level": level = try value.string()
                    case "msg": message = try value.string()
                    default: try value.skip()
                    }
                }
            }
            if level == "error" || level == "fatal", let message { last = message }
        }
        return last
    }
}

/// What a short-lived program prints, kept in memory by the kernel so that nobody has to read while it runs.
private struct CapturedOutput: ~Copyable {
    let descriptor: Descriptor

    init() throws(SystemCallError) {
        descriptor = Descriptor(owning: try check("memfd_create") { cl_memfd_create("runtime-output", 1) })
    }

    /// All that was printed, at most 4 MiB.
    borrowing func bytes() throws(SystemCallError) -> [UInt8] {
        let raw = descriptor.rawValue
        try checkCount("lseek") { Int(lseek(raw, 0, SEEK_SET)) }
        return try descriptor.readAll(limit: 4 << 20, "runtime output")
    }

    var lastLine: String? {
        guard let all = try? bytes() else { return nil }
        return String(decoding: all, as: UTF8.self).split(separator: "\n").last.map(String.init)
    }
}
