internal import ContainerService
internal import JSON
internal import Support

/// Programs executed in running containers.
struct ExecRoutes: Sendable {
    let host: ContainerHost
    private var supervisor: ContainerSupervisor { host.supervisor }

    init(host: ContainerHost) { self.host = host }

    var routes: [Route] {
        [
            Route("POST", "/containers/{id}/exec", create), Route("POST", "/exec/{id}/start", start),
            Route("GET", "/exec/{id}/json", inspect),
            Route("POST", "/exec/{id}/resize") { call in
                let (rows, columns) = try call.terminalSize()
                try supervisor.resizeExec(call.value("id"), rows: rows, columns: columns)
                try call.done(200)
            },
        ]
    }

    private func create(_ call: RouteCall) throws {
        let body = try call.document()
        var request = ExecSession.Request(arguments: body["Cmd"]?.strings ?? [])
        request.environment = body["Env"]?.strings ?? []
        request.workingFolder = body["WorkingDir"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        request.user = body["User"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        request.terminal = body["Tty"]?.isTrue ?? false
        request.streams.input = body["AttachStdin"]?.isTrue ?? false
        request.streams.output = body["AttachStdout"]?.isTrue ?? false
        request.streams.errors = body["AttachStderr"]?.isTrue ?? false
        request.privileged = body["Privileged"]?.isTrue ?? false
        let session = try supervisor.prepareExec(call.value("id"), request)
        try call.reply(.members([("Id", .string(session.id))]), status: 201)
    }

    private func start(_ call: RouteCall) throws {
        let body = try call.document()
        let session = try supervisor.exec(call.value("id"))
        guard session.phase == .prepared else {
            throw APIError(409, "exec instance \(session.id) has already run")
        }
        if body["Detach"]?.isTrue ?? false {
            try supervisor.startExec(session.id)
            return try call.done(200)
        }
        var size: (rows: UInt16, columns: UInt16)?
        if let pair = body["ConsoleSize"]?.items, pair.count == 2, let rows: UInt16 = pair[0].number(),
            let columns: UInt16 = pair[1].number(), rows > 0, columns > 0
        {
            size = (rows, columns)
        }
        let isRaw = session.request.terminal
        let connection = try call.exchange.hijack(
            multiplexed: !isRaw && call.version >= APIVersion(major: 1, minor: 42))
        defer { connection.close() }
        let stream: ProcessStream
        do { stream = try supervisor.attachExec(session.id, terminal: size) } catch {
            // The stream is all that there is to tell it by; the exit code tells the rest.
            let text = Array("OCI runtime exec failed: \(error)\r\n".utf8)
            return try connection.write(isRaw ? text : StreamFraming.frame(text, isError: true))
        }
        _ = try StreamRelay.run(
            stream, connection, call.exchange, isRaw: isRaw, input: session.request.streams.input)
        _ = try supervisor.waitForExec(session.id)
    }

    private func inspect(_ call: RouteCall) throws {
        let session = try supervisor.exec(call.value("id"))
        let request = session.request
        var (isRunning, pid, code) = (false, Int32(0), JSONValue.null)
        switch session.phase {
        case .prepared, .starting: break
        case .running(let number): (isRunning, pid) = (true, number)
        case .ended(let number): code = .integer(number)
        }
        let configuration = JSONValue.members([
            ("tty", .bool(request.terminal)), ("entrypoint", .string(request.arguments.first ?? "")),
            ("arguments", .strings(Array(request.arguments.dropFirst()))), ("privileged", .bool(request.privileged)),
            ("user", .string(request.user ?? "")),
        ])
        try call.reply(
            .members([
                ("ID", .string(session.id)), ("Running", .bool(isRunning)), ("ExitCode", code),
                ("ProcessConfig", configuration), ("OpenStdin", .bool(request.streams.input)),
                ("OpenStderr", .bool(request.streams.errors)), ("OpenStdout", .bool(request.streams.output)),
                ("CanRemove", .bool(false)), ("ContainerID", .string(session.container)), ("DetachKeys", .string("")),
                ("Pid", .integer(pid)),
            ]))
    }
}
