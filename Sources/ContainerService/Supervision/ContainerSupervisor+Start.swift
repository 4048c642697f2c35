internal import CLinux
internal import Glibc
internal import Linux
internal import ProcessIO
internal import ShimProtocol
internal import Support

extension ContainerSupervisor {
    /// Starts a container; when this returns, its program runs.
    ///
    /// - Throws: what the runtime said; the container is then exited, and removed where it was to remove itself.
    public func start(_ reference: String) throws {
        let cell = try cell(reference)
        try cell.exclusively {
            try start(cell) { supervision in
                supervision.wasStopped = false
                supervision.restarts = 0
            }
        }
    }

    /// Starts a container; only within ``ContainerCell/exclusively(_:)``.
    func start(_ cell: ContainerCell, change: (inout ContainerRecord.Supervision) -> Void) throws {
        let service = try service(cell.record)
        try cell.handle(.start, service, change: change)
        do {
            let pid = try launch(cell, service)
            try cell.handle(.started(pid: pid, at: ContainerService.now()), service) { supervision in
                supervision.startedAt = Timestamps.preciseNow()
            }
            tell("start", cell.record)
            try watch(cell)
        } catch {
            cell.state.update { state in
                state.isAttachable = false
                state.startRounds += 1
            }
            removeShim(cell.id)
            let ending = ContainerLifecycle.Ending(
                code: ContainerService.exitCode(ofStartFailure: error), at: ContainerService.now(), reason: "\(error)")
            try settle(cell, .startFailed(ending), ContainerExit(code: ending.code), service)
            throw error
        }
    }

    /// Makes bundle and shim, lets those attach who wait for it, and starts the program; returns its pid.
    private func launch(_ cell: ContainerCell, _ service: ContainerService) throws -> Int32 {
        let record = cell.record
        let bundle = try service.makeBundle(of: record)
        let folder = shimFolder(record.id)
        try makeDirectories(folder.path, mode: 0o700)
        let settings = ShimSettings(
            runtime: service.runtime.path, runtimeRoot: service.runtime.stateFolder, lingerSeconds: 0,
            container: .init(
                id: record.id, bundle: bundle, terminal: record.specification.terminal,
                input: record.specification.interactive, log: logSettings(record, service)))
        try writeAtomically(settings.json(), to: folder.settings, mode: 0o600, durable: false)
        let created = try spawnShim(folder)
        if let error = created.error { throw error }
        let client = try ShimClient(folder)
        cell.state.update { state in
            state.isAttachable = true
            state.startRounds += 1
        }
        cell.state.wait { $0.expectedClients == 0 ? .done(()) : .notYet }
        let started = try client.call(.start(ProcessName(record.id)))
        guard let pid = started.pid ?? created.pid else {
            throw RuntimeError(.internal, "the shim of container \(record.name) told no pid")
        }
        return pid
    }

    /// Starts a shim and waits until it has created its container.
    private func spawnShim(_ folder: ShimFolder) throws -> ShimReply {
        var ends: [Int32] = [-1, -1]
        try check("pipe2") { cl_pipe(&ends) }
        let reader = Descriptor(owning: ends[0])
        var program = ChildProgram(
            path: shimProgram, arguments: [folder.path],
            environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
        let pid: Int32
        do {
            let writer = Descriptor(owning: ends[1])
            program.output = writer.rawValue
            pid = try attempt("start \(shimProgram)") { try program.spawn() }
        }
        let answer = try reader.readAll(limit: 1 << 20, "the shim")
        let status = try waitForChild(pid)
        guard !answer.isEmpty else {
            throw RuntimeError(.internal, "\(shimProgram): ended with \(status) and said nothing")
        }
        return try attempt("the shim's first answer") { try ShimReply(answer) }
    }

    private func logSettings(_ record: ContainerRecord, _ service: ContainerService) -> LogSettings {
        let wanted = record.specification.log
        guard let driver = LogSettings.Driver(rawValue: wanted.driver), driver != .none else { return .none }
        return LogSettings(
            driver: driver, path: service.logPath(of: record.id), maximumSize: wanted.maximumSize,
            maximumFiles: wanted.maximumFiles)
    }

    /// Where the shim of a container has its files. Short: a socket's path has 107 bytes at most.
    func shimFolder(_ id: String) -> ShimFolder {
        let state = services[defaultRuntime]?.folders.state ?? ""
        return ShimFolder("\(state)/shims/\(id.prefix(20))")
    }

    /// Removes a shim's files, once what they tell has been taken note of.
    func removeShim(_ id: String) {
        do { try removeTree(shimFolder(id).path) } catch {
            warn("remove the shim's folder of \(id.prefix(12)): \(error)")
        }
    }
}

extension ContainerService {
    /// The file of a container's log that is written now.
    public func logPath(of id: String) -> String { "\(store.folder(of: id))/\(id)-json.log" }
}

extension Timestamps {
    /// This instant as `2026-01-31T12:00:00.123456789Z`.
    public static func preciseNow() -> String { precise(Event(.daemon, "", "").time) }

    /// Nanoseconds of the Unix epoch as `2026-01-31T12:00:00.123456789Z`.
    public static func precise(_ nanoseconds: Int64) -> String {
        let fraction = String(nanoseconds % 1_000_000_000)
        return "\(text(nanoseconds / 1_000_000_000).dropLast())."
            + String(repeating: "0", count: 9 - fraction.utf8.count) + fraction + "Z"
    }
}
