internal import Glibc
internal import Linux
internal import ProcessIO
internal import ShimProtocol
internal import Support

extension Shim {
    /// Does what a frame of a client asks.
    func receive(_ frame: Frame, from client: ClientConnection) {
        switch frame.kind {
        case .request: answer(frame.payload, to: client)
        case .input: if client.attachment?.input == true { client.attached?.write(frame.payload) }
        case .inputEnd: if client.attachment?.input == true { client.attached?.endInput() }
        case .reply, .event, .output, .errors, .outputEnd: client.close()
        }
    }

    private func answer(_ payload: [UInt8], to client: ClientConnection) {
        var id = 0
        do {
            let request = try ShimRequest.parse(payload, id: &id)
            if let reply = try perform(request, id, client) { client.send(.reply, reply.json()) }
        } catch {
            let code = (error as? any CodedError)?.runtimeCode ?? .internal
            client.send(.reply, ShimReply(id: id, error: RuntimeError(code, "\(error)")).json())
        }
    }

    /// Performs a request; nil where the reply comes later.
    private func perform(_ request: ShimRequest, _ id: Int, _ client: ClientConnection) throws -> ShimReply? {
        switch request {
        case .state: return ShimReply(id: id, state: state())
        case .subscribe: client.isSubscribed = true
        case .create(let container): return try later(id, client) { try create(container, $0) }
        case .start(let name): return try later(id, client) { try start(process(name), $0) }
        case .delete(let container): return try later(id, client) { try delete(process(ProcessName(container)), $0) }
        case .signal(let name, let number): return try later(id, client) { try signal(process(name), number, $0) }
        case .exec(let settings): try prepare(settings)
        case .attach(let settings): return try attach(settings, id, client)
        case .resize(let name, let rows, let columns):
            try process(name).resize(TerminalSize(rows: rows, columns: columns))
        case .closeInput(let name): try process(name).endInput()
        case .wait(let name): return try wait(process(name), id, client)
        case .forget(let name): try forgetExec(process(name))
        case .shutdown: try shutdown()
        }
        return ShimReply(id: id)
    }

    /// Lets `body` begin what the runtime does; the reply is sent when it has come back.
    private func later(_ id: Int, _ client: ClientConnection, _ body: (@escaping Launched) throws -> Void) throws
        -> ShimReply?
    {
        try body { result in
            switch result {
            case .success(let pid): client.send(.reply, ShimReply(id: id, pid: pid).json())
            case .failure(let error): client.send(.reply, ShimReply(id: id, error: error).json())
            }
        }
        return nil
    }

    private func process(_ name: ProcessName) throws -> SupervisedProcess {
        guard let process = processes[name] else { throw RuntimeError(.notFound, "\(name): the shim has none such") }
        return process
    }

    private func state() -> ShimState {
        let sorted = processes.values.sorted {
            ($0.name.container, $0.name.exec ?? "") < ($1.name.container, $1.name.exec ?? "")
        }
        return ShimState(
            shim: getpid(), processes: sorted.map(\.summary),
            lostLines: sorted.reduce(0) { $0 + ($1.log?.lostLines ?? 0) })
    }

    private func prepare(_ settings: ExecSettings) throws {
        let container = try process(ProcessName(settings.name.container))
        guard container.status != .exited else { throw RuntimeError(.invalidState, "\(container.name) has ended") }
        guard let exec = settings.name.exec, !exec.isEmpty, !exec.contains("/"), exec.utf8.count <= 128 else {
            throw RuntimeError(.invalidArgument, "exec: an ID has 1 to 128 bytes and no slash")
        }
        guard processes[settings.name] == nil else {
            throw RuntimeError(.alreadyExists, "\(settings.name) exists already")
        }
        let session = SupervisedProcess(settings.name, terminal: settings.terminal, input: settings.input)
        session.execDocument = settings.process
        processes[settings.name] = session
    }

    private func attach(_ settings: AttachSettings, _ id: Int, _ client: ClientConnection) throws -> ShimReply? {
        guard client.attached == nil else { throw RuntimeError(.invalidState, "this connection is attached already") }
        let process = try process(settings.name)
        client.send(.reply, ShimReply(id: id, pid: process.pid).json())
        process.attach(client, settings)
        return nil
    }

    private func wait(_ process: SupervisedProcess, _ id: Int, _ client: ClientConnection) -> ShimReply? {
        if let exit = process.exit { return ShimReply(id: id, exit: exit) }
        process.waiters.append((client, id))
        return nil
    }

    private func signal(_ process: SupervisedProcess, _ number: Int32, _ done: @escaping Launched) throws {
        guard process.status != .exited, let pid = process.pid else {
            throw RuntimeError(.invalidState, "\(process.name) does not run")
        }
        if process.name.exec == nil {
            try calls.start(.init(words: ["kill", process.name.container, "\(number)"])) { error in
                done(error.map { .failure($0) } ?? .success(pid))
            }
        } else {
            // Not reaped yet, so that the pid is still this process's.
            try check("kill", "\(process.name)") { kill(pid, number) }
            done(.success(pid))
        }
    }

    /// A container that has not been started is ended by this; its record is written as for any other.
    private func delete(_ process: SupervisedProcess, _ done: @escaping Launched) throws {
        guard process.status != .running else { throw RuntimeError(.invalidState, "\(process.name) runs") }
        let words = process.status == .exited ? ["delete"] : ["delete", "--force"]
        try calls.start(.init(words: words + [process.name.container])) { error in
            done(error.map { .failure($0) } ?? .success(process.pid ?? 0))
        }
    }

    private func forgetExec(_ process: SupervisedProcess) throws {
        guard process.name.exec != nil, process.status != .running, !process.isStarting else {
            throw RuntimeError(.invalidState, "\(process.name) is no exec session that has ended")
        }
        forget(process.name)
    }

    private func shutdown() throws {
        guard everythingHasEnded else { throw RuntimeError(.invalidState, "a container of this shim has not ended") }
        isEnding = true
    }
}
