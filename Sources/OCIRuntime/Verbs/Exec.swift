internal import Cgroups
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import ProcessIO
internal import Support

extension RuntimeProgram {
    /// Executes a program in a container that has been created and has not stopped.
    ///
    /// - Returns: the program's exit code, 128 plus the signal that ended it; 0 with --detach.
    func exec(_ arguments: Arguments, _ states: StateDirectory) throws -> Int32 {
        try attempt("exec failed") {
            let id = arguments.positionals.first ?? ""
            let record = try states.load(id)
            let container = try runningProcess(record, states, ignoresPause: arguments.has("ignore-paused"))
            let configuration = try states.configuration(of: id)
            let process = try RuntimeConfiguration.Process(exec: arguments, in: configuration)
            try isolation.validate(process)
            try checkTerminal(process, arguments)
            return try execute(arguments, terminal: process.terminal) { relay in
                var process = process
                // The program may ask for the size before anybody relays a change of it.
                if relay != nil, process.consoleSize == nil { process.consoleSize = .current }
                return try isolation.exec(
                    ExecRequest(
                        id: id, bundle: record.bundle, configuration: configuration, container: container,
                        process: process, cgroup: entry(record, arguments),
                        consoleSocket: relay ?? consoleSocket(arguments), relaysConsole: relay != nil,
                        preservedDescriptors: arguments.number("preserve-fds", 0...1000) ?? 0))
            }
        }
    }

    /// Executes the program by `make`, which gives its pid, and waits for its end unless it is detached.
    private func execute(
        _ arguments: Arguments, terminal: Bool, _ make: (SharedDescriptor?) throws -> Int32
    ) throws -> Int32 {
        if arguments.has("detach") {
            try writePidFile(arguments, try make(nil))
            return 0
        }
        // Signals that come before the session takes them over must not end the launch half-way.
        let signals = try SignalPipe.frontEnd()
        let relay = terminal ? try TerminalReceiver() : nil
        let pid = try make(relay?.remote)
        try writePidFile(arguments, pid)
        return try wait(pid, relay, signals)
    }

    private func writePidFile(_ arguments: Arguments, _ pid: Int32) throws {
        guard let path = arguments["pid-file"] else { return }
        do {
            try attempt("option --pid-file") {
                try writeAtomically(Array("\(pid)".utf8), to: path, mode: 0o644, durable: false)
            }
        } catch {
            Glibc.kill(pid, SIGKILL)
            _ = try? waitForChild(pid)
            throw error
        }
    }

    private func entry(_ record: ContainerRecord, _ arguments: Arguments) throws -> CgroupEntry {
        let words = arguments.all("cgroup")
        if words.isEmpty { return try record.entry(beside: record.process?.pid) }
        return try record.entry(below: words)
    }

    /// The container's process, unless nothing can be executed beside it now.
    private func runningProcess(
        _ record: ContainerRecord, _ states: StateDirectory, ignoresPause: Bool
    ) throws -> ProcessIdentity {
        let status = Lifecycle.status(of: record, states)
        if status == .paused && !ignoresPause {
            throw RuntimeError(
                .invalidState, "cannot exec in a paused container (use --ignore-paused to override)")
        }
        guard let process = record.process, status != .stopped, status != .creating else {
            throw RuntimeError(.invalidState, "cannot exec in a \(status.rawValue) container")
        }
        return process
    }

    private func checkTerminal(_ process: RuntimeConfiguration.Process, _ arguments: Arguments) throws {
        let detaches = arguments.has("detach")
        let socket = arguments["console-socket"] != nil
        if detaches && process.terminal && !socket {
            throw RuntimeError(
                .invalidArgument, "cannot allocate tty if \(name) will detach without setting console socket")
        }
        if socket && !(detaches && process.terminal) {
            throw RuntimeError(
                .invalidArgument, "cannot use console socket if \(name) will not detach or allocate tty")
        }
    }
}
