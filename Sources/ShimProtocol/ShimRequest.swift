internal import JSON

/// What a client asks of a shim. Each gets one ``ShimReply``; several may be under way on one connection.
public enum ShimRequest: Sendable, Equatable {
    /// What the shim looks after: the reply has `state`.
    case state
    /// Creates a further container (a pod's): the reply has `pid`.
    case create(ContainerSettings)
    /// Starts a created container, or a prepared exec session: the reply has `pid`. The runtime's own error where it refuses.
    case start(ProcessName)
    /// Sends a signal: to a container by `RUNTIME kill`, to an exec session's process directly.
    case signal(ProcessName, Int32)
    /// Prepares an exec session, so that clients can attach before ``start(_:)``.
    case exec(ExecSettings)
    /// Makes this connection one of the process's clients: frames of output follow the reply, up to
    /// ``Frame/Kind/outputEnd`` and the event of the exit. A connection is attached to one process only.
    case attach(AttachSettings)
    /// Sets the size of a process's terminal; before the start too.
    case resize(ProcessName, rows: UInt16, columns: UInt16)
    /// Ends the process's input when what has been sent is written.
    case closeInput(ProcessName)
    /// The reply comes when the process has ended, with `exit`.
    case wait(ProcessName)
    /// Forgets an exec session that was never started or has ended; the oldest are forgotten anyway.
    case forget(ProcessName)
    /// Removes a container that has ended from the runtime (`RUNTIME delete`).
    case delete(container: String)
    /// Every event goes to this connection from now on.
    case subscribe
    /// Ends the shim; refused while a container has not ended.
    case shutdown

    /// The frame's payload; the reply will carry `id`.
    public func json(id: Int) -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { writer in
                writer.member("id", id)
                writer.member("verb", verb)
                writeMembers(to: &writer)
            }
        }
    }

    /// The name in the message.
    public var verb: String {
        switch self {
        case .state: "state"
        case .create: "create"
        case .start: "start"
        case .signal: "signal"
        case .exec: "exec"
        case .attach: "attach"
        case .resize: "resize"
        case .closeInput: "closeInput"
        case .wait: "wait"
        case .forget: "forget"
        case .delete: "delete"
        case .subscribe: "subscribe"
        case .shutdown: "shutdown"
        }
    }

    private func writeMembers(to writer: inout JSONWriter) {
        switch self {
        case .state, .subscribe, .shutdown: break
        case .create(let settings): writer.member("settings") { writer in writer.object { settings.write(to: &$0) } }
        case .start(let name), .closeInput(let name), .wait(let name), .forget(let name): name.write(to: &writer)
        case .signal(let name, let number):
            name.write(to: &writer)
            writer.member("signal", number)
        case .exec(let settings): settings.write(to: &writer)
        case .attach(let settings): settings.write(to: &writer)
        case .resize(let name, let rows, let columns):
            name.write(to: &writer)
            writer.member("rows", rows)
            writer.member("columns", columns)
        case .delete(let container): writer.member("container", container)
        }
    }
}

/// An exec session to prepare.
public struct ExecSettings: Sendable, Equatable {
    /// The container and the session's ID, which no other session of the container has. Without `exec` it is an error.
    public var name: ProcessName
    /// The runtime specification's `process` in JSON, with `terminal` as below.
    public var process: [UInt8]
    /// Whether it gets a terminal.
    public var terminal: Bool
    /// Whether it has an input; a terminal is one always.
    public var input: Bool

    /// A session.
    public init(name: ProcessName, process: [UInt8], terminal: Bool = false, input: Bool = false) {
        self.name = name
        self.process = process
        self.terminal = terminal
        self.input = input
    }

    func write(to writer: inout JSONWriter) {
        name.write(to: &writer)
        writer.member("process") { $0.raw(process) }
        writer.member("terminal", terminal)
        writer.member("input", input)
    }
}

/// How a client wants to be attached.
public struct AttachSettings: Sendable, Equatable {
    /// What happens when a client takes its output so slowly that its buffer (1 MiB) is full.
    public enum Slow: String, Sendable {
        /// Its connection is closed; the process never waits.
        case drop
        /// The process's output waits for it, as a pipe does: for the one client of an exec session, or where the
        /// daemon decided so.
        case wait
    }

    /// The process.
    public var name: ProcessName
    /// Whether its stdout (or its terminal's output) is wanted.
    public var output: Bool
    /// Whether its stderr is wanted.
    public var errors: Bool
    /// Whether frames of input will come.
    public var input: Bool
    /// When this connection ends, so does the process's input (Docker's StdinOnce).
    public var inputOnce: Bool
    /// See ``Slow``.
    public var slow: Slow

    /// Settings.
    public init(
        name: ProcessName, output: Bool = true, errors: Bool = true, input: Bool = false, inputOnce: Bool = false,
        slow: Slow = .drop
    ) {
        self.name = name
        self.output = output
        self.errors = errors
        self.input = input
        self.inputOnce = inputOnce
        self.slow = slow
    }

    func write(to writer: inout JSONWriter) {
        name.write(to: &writer)
        writer.member("output", output)
        writer.member("errors", errors)
        writer.member("input", input)
        writer.member("inputOnce", inputOnce)
        writer.member("slow", slow.rawValue)
    }
}
