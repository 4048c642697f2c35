internal import JSON
internal import Linux
internal import OCISpec
internal import ShimProtocol
internal import Support

extension ContainerSupervisor {
    /// Prepares a program to be executed in a running container.
    public func prepareExec(_ reference: String, _ request: ExecSession.Request) throws -> ExecSession {
        let cell = try cell(reference)
        let record = cell.record
        guard case .running = record.lifecycle else { throw Self.notRunning(record) }
        if record.supervision?.isPaused == true {
            throw RuntimeError(.invalidState, "Container \(record.name) is paused, unpause the container before exec")
        }
        guard !request.arguments.isEmpty else { throw RuntimeError(.invalidArgument, "No exec command specified") }
        let session = ExecSession(id: ContainerNames.identifier(), container: cell.id, request: request)
        cell.state.update { state in
            // What was never started is not kept for ever.
            let ended = state.execs.values.filter { if case .ended = $0.phase { true } else { false } }
            if state.execs.count > 512 { for old in ended { state.execs[old.id] = nil } }
            state.execs[session.id] = session
        }
        tell("exec_create: \(request.arguments.joined(separator: " "))", record, ["execID": session.id])
        return session
    }

    /// A session by its id.
    public func exec(_ id: String) throws -> ExecSession {
        for record in list() {
            if let found = try? cell(record.id).state.update({ $0.execs[id] }) { return found }
        }
        throw RuntimeError(.notFound, "No such exec instance: \(id)")
    }

    /// The sessions of a container that have not ended.
    public func execs(of id: String) -> [String] {
        guard let cell = try? cell(id) else { return [] }
        return cell.state.update { state in
            state.execs.values.filter { if case .running = $0.phase { true } else { false } }.map(\.id).sorted()
        }
    }

    /// Starts a session and gives a client its streams.
    ///
    /// - Parameter terminal: its size, where it is known.
    public func attachExec(_ id: String, terminal: (rows: UInt16, columns: UInt16)? = nil) throws -> ProcessStream {
        let choice = try exec(id).request.streams
        let client = try begin(id) { client, name in
            if let terminal { try client.call(.resize(name, rows: terminal.rows, columns: terminal.columns)) }
            // The client is the only one: what it does not take, the program waits for.
            try client.call(
                .attach(
                    AttachSettings(
                        name: name, output: choice.output, errors: choice.errors, input: choice.input,
                        inputOnce: true, slow: .wait)))
        }
        return ProcessStream(client)
    }

    /// Starts a session that nobody is attached to.
    public func startExec(_ id: String) throws {
        _ = try begin(id) { client, name in try client.call(.closeInput(name)) }
    }

    /// Sets the size of a session's terminal.
    public func resizeExec(_ id: String, rows: UInt16, columns: UInt16) throws {
        let session = try exec(id)
        try ShimClient(shimFolder(session.container)).call(
            .resize(ProcessName(session.container, exec: id), rows: rows, columns: columns))
    }

    /// Prepares the session at the shim, has `body` attach to it, starts it, and watches for its end.
    private func begin(_ id: String, _ body: (ShimClient, ProcessName) throws -> Void) throws -> ShimClient {
        let session = try exec(id)
        let cell = try cell(session.container)
        try cell.state.update { state in
            guard state.execs[id]?.phase == .prepared else {
                throw RuntimeError(.invalidState, "exec instance \(id) has already run")
            }
            state.execs[id]?.phase = .starting
        }
        do {
            let record = cell.record
            guard case .running = record.lifecycle else { throw Self.notRunning(record) }
            let name = ProcessName(cell.id, exec: id)
            let client = try ShimClient(shimFolder(cell.id))
            let process = try processDocument(session.request, record)
            try client.call(
                .exec(
                    ExecSettings(
                        name: name, process: process, terminal: session.request.terminal,
                        input: session.request.streams.input)))
            try body(client, name)
            let pid = try client.call(.start(name)).pid
            cell.state.update { $0.execs[id]?.phase = .running(pid: pid ?? 0) }
            tell("exec_start: \(session.request.arguments.joined(separator: " "))", record, ["execID": id])
            try watch(session, cell)
            return client
        } catch {
            cell.state.update { $0.execs[id]?.phase = .ended(code: ContainerService.exitCode(ofStartFailure: error)) }
            throw error
        }
    }

    private func watch(_ session: ExecSession, _ cell: ContainerCell) throws {
        let name = ProcessName(session.container, exec: session.id)
        let folder = shimFolder(cell.id)
        try startThread { [self] in
            let client = try? ShimClient(folder)
            let exit = (try? client?.call(.wait(name)))?.exit
            let code = exit?.code ?? 137
            cell.state.update { $0.execs[session.id]?.phase = .ended(code: code) }
            _ = try? client?.call(.forget(name))
            tell("exec_die", cell.record, ["execID": session.id, "exitCode": "\(code)"])
        }
    }

    /// Waits until a session has ended; its exit code.
    public func waitForExec(_ id: String) throws -> Int32 {
        let session = try exec(id)
        let cell = try cell(session.container)
        return cell.state.wait { state in
            guard let now = state.execs[id] else { return .done(137) }
            if case .ended(let code) = now.phase { return .done(code) }
            return state.isRemoved ? .done(137) : .notYet
        }
    }

    /// The runtime's document of a process: the container's own with the request's changes.
    private func processDocument(_ request: ExecSession.Request, _ record: ContainerRecord) throws -> [UInt8] {
        let service = try service(record)
        let path = "\(service.bundle(of: record.id))/config.json"
        let configuration = try attempt("read \(path)") { try JSONValue(readFile(path, limit: 16 << 20)) }
        guard var process = configuration["process"] else { throw RuntimeError(.internal, "\(path): no process") }
        process["args"] = .strings(request.arguments)
        process["terminal"] = .bool(request.terminal)
        process["consoleSize"] = nil
        if let folder = request.workingFolder { process["cwd"] = .string(folder) }
        var own: [String] = []
        if case .array(let items)? = process["env"] { own = items.compactMap(\.text) }
        if request.terminal, !own.contains(where: { $0.hasPrefix("TERM=") }) { own.append("TERM=xterm") }
        if let user = request.user {
            let root = try RootDirectory(opening: service.mountPoint(of: record.id))
            let resolved = try UserResolution(user, in: root)
            process["user"] = Self.document(resolved.user)
            own = ContainerSpecification.environment(own, ["HOME=\(resolved.home)"])
            if resolved.user.uid != 0 || request.privileged {
                let granted = try ContainerCapabilities.granted(
                    record.specification.security, available: ContainerCapabilities.available())
                process["capabilities"] = Self.document(
                    ContainerCapabilities.sets(granted, uid: resolved.user.uid))
            }
        }
        if request.privileged {
            let all = try ContainerCapabilities.available()
            process["capabilities"] = Self.document(ContainerCapabilities.sets(all, uid: 0))
        }
        process["env"] = .strings(ContainerSpecification.environment(own, request.environment))
        return process.json()
    }

    private static func document(_ user: RuntimeConfiguration.User) -> JSONValue {
        .object([
            .init("uid", .integer(user.uid)), .init("gid", .integer(user.gid)),
            .init("additionalGids", .array(user.additionalGids.map { .integer($0) })),
        ])
    }

    private static func document(_ sets: RuntimeConfiguration.Capabilities) -> JSONValue {
        .object([
            .init("bounding", .strings(sets.bounding)), .init("effective", .strings(sets.effective)),
            .init("permitted", .strings(sets.permitted)),
        ])
    }
}
