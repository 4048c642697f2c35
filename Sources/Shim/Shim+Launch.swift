internal import CLinux
internal import Glibc
internal import Linux
internal import ProcessIO
internal import ShimProtocol
internal import Support

/// What a process is launched with: the ends of its pipes, or the socket that its terminal comes over.
private final class ProcessEnds {
    var input: SharedDescriptor?
    var output: SharedDescriptor?
    var errors: SharedDescriptor?
    let console: ConsoleSocket?

    init(console: consuming ConsoleSocket?) { self.console = console }

    /// Waits for the terminal's master, which the runtime has sent before its call came back.
    func receiveMaster() throws -> SharedDescriptor? {
        switch console {
        case .some(let console): SharedDescriptor(try console.receive(milliseconds: 1000))
        case .none: nil
        }
    }

    var consolePath: String? {
        switch console {
        case .some(let console): console.path
        case .none: nil
        }
    }
}

extension Shim {
    /// How a launch went: the process's pid, or what the runtime said.
    typealias Launched = (Result<Int32, RuntimeError>) -> Void

    /// Makes a container by `RUNTIME create`.
    func create(_ container: ContainerSettings, _ done: @escaping Launched) throws {
        let name = ProcessName(container.id)
        guard processes[name] == nil else {
            throw RuntimeError(.alreadyExists, "\(name) exists already")
        }
        let log = try attempt("open the log of \(name)") { try ContainerLog(container.log) }
        let process = SupervisedProcess(name, terminal: container.terminal, input: container.input, log: log)
        let words = ["create", "--bundle", container.bundle]
        processes[name] = process
        do {
            try launch(process, container.input, words, folder.containerPidFile(container.id)) {
                [unowned self] result in
                switch result {
                case .success(let pid): process.memoryKills = MemoryKills(of: pid)
                case .failure: forget(name)
                }
                done(result)
            }
        } catch {
            forget(name)
            throw error
        }
    }

    /// Starts a container by `RUNTIME start`, or an exec session by `RUNTIME exec`.
    func start(_ process: SupervisedProcess, _ done: @escaping Launched) throws {
        guard process.status == .created && !process.isStarting else {
            throw RuntimeError(.invalidState, "\(process.name) is started already")
        }
        process.isStarting = true
        // Before the first thing that it writes, whose time is in the log.
        process.startedAt = Timestamp.now().text()
        do {
            let finish: Launched = { [unowned self] result in started(process, result, done) }
            if process.name.exec == nil {
                try calls.start(.init(words: ["start", process.name.container])) { error in
                    finish(error.map { .failure($0) } ?? .success(process.pid ?? 0))
                }
            } else {
                try startExec(process, finish)
            }
        } catch {
            process.isStarting = false
            process.startedAt = nil
            throw error
        }
    }

    private func started(_ process: SupervisedProcess, _ result: Result<Int32, RuntimeError>, _ done: Launched) {
        process.isStarting = false
        if case .success(let pid) = result {
            process.status = .running
            broadcast(.started(process.name, pid: pid))
        } else {
            process.startedAt = nil
            if process.name.exec != nil { forget(process.name) }
        }
        done(result)
        if let ending = process.endSeen {
            process.endSeen = nil
            ended(process, ending)
        }
    }

    private func startExec(_ process: SupervisedProcess, _ done: @escaping Launched) throws {
        let files = "\(folder.path)/exec.\(process.name.exec ?? "")"
        try writeAtomically(process.execDocument ?? [], to: files + ".json", durable: false)
        let words = ["exec", "--detach", "--process", files + ".json"]
        do {
            try launch(process, process.expectsInput, words, files + ".pid") { result in
                for suffix in [".json", ".pid"] { unlink(files + suffix) }
                done(result)
            }
        } catch {
            unlink(files + ".json")
            throw error
        }
    }

    /// Calls the runtime with the process's ends and takes what it leaves: a pid, a terminal.
    private func launch(
        _ process: SupervisedProcess, _ input: Bool, _ words: [String], _ pidFile: String, _ done: @escaping Launched
    ) throws {
        let ends = try openEnds(process, input)
        var call = RuntimeCalls.Call(words: words + ["--pid-file", pidFile])
        if let path = ends.consolePath { call.words += ["--console-socket", path] }
        call.words.append(process.name.container)
        (call.input, call.output, call.errors) = (ends.input?.rawValue, ends.output?.rawValue, ends.errors?.rawValue)
        unlink(pidFile)
        try calls.start(call) { [unowned self] error in
            done(error.map { .failure($0) } ?? adopt(process, ends, pidFile))
        }
        // The container's ends are the runtime's now; a copy here would keep its streams from ending.
        (ends.input, ends.output, ends.errors) = (nil, nil, nil)
    }

    private func adopt(_ process: SupervisedProcess, _ ends: ProcessEnds, _ pidFile: String) -> Result<
        Int32, RuntimeError
    > {
        do {
            let pid = try attempt("read \(pidFile)") {
                guard let pid = Int32(try readText(pidFile)) else { throw RuntimeError(.internal, "no pid in it") }
                return pid
            }
            process.pid = pid
            if let master = try ends.receiveMaster() {
                try process.connect(master: master, scratch)
                for source in process.sources { loop.add(source) }
            }
            if let ending = calls.takeEnd(of: pid) { ended(process, ending) }
            return .success(pid)
        } catch {
            return .failure(RuntimeError(.internal, "adopt \(process.name)", cause: error))
        }
    }

    /// Makes pipes and connects the shim's ends of them, or a socket for the terminal.
    private func openEnds(_ process: SupervisedProcess, _ input: Bool) throws -> ProcessEnds {
        if process.terminal {
            let number = processes.count
            return ProcessEnds(console: try ConsoleSocket(at: "\(folder.path)/tty\(number).sock"))
        }
        let ends = ProcessEnds(console: nil)
        var sink: InputSink?
        if input {
            let (reader, writer) = try makePipe()
            ends.input = reader
            sink = try InputSink(writer, isTerminal: false)
        }
        let (output, outputEnd) = try makePipe()
        let (errors, errorsEnd) = try makePipe()
        (ends.output, ends.errors) = (outputEnd, errorsEnd)
        process.connect(
            input: sink,
            outputs: [
                try OutputSource(.output, output, of: process, scratch),
                try OutputSource(.errors, errors, of: process, scratch),
            ])
        for source in process.sources { loop.add(source) }
        return ends
    }

    private func makePipe() throws(SystemCallError) -> (reader: SharedDescriptor, writer: SharedDescriptor) {
        var ends: [Int32] = [-1, -1]
        try check("pipe2") { cl_pipe(&ends) }
        return (SharedDescriptor(Descriptor(owning: ends[0])), SharedDescriptor(Descriptor(owning: ends[1])))
    }
}
