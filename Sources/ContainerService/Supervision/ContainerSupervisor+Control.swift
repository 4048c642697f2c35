internal import Glibc
internal import Linux
internal import ShimProtocol
internal import Support

extension ContainerSupervisor {
    /// Sends a signal to a running container.
    ///
    /// - Throws: `invalidState` where it does not run.
    public func kill(_ reference: String, signal: Int32) throws {
        let cell = try cell(reference)
        try send(signal, to: cell)
        tell("kill", cell.record, ["signal": "\(signal)"])
    }

    private func send(_ signal: Int32, to cell: ContainerCell) throws {
        let record = cell.record
        guard case .running = record.lifecycle else { throw Self.notRunning(record) }
        try ShimClient(shimFolder(cell.id)).call(.signal(ProcessName(cell.id), signal))
        // A frozen process does not die before it thaws; a runtime that thaws it by itself has nothing left to resume.
        if signal == SIGKILL, record.supervision?.isPaused == true { try? service(record).runtime.resume(cell.id) }
    }

    static func notRunning(_ record: ContainerRecord) -> RuntimeError {
        RuntimeError(.invalidState, "container \(record.id) is not running")
    }

    /// Has a container end: by its stop signal, and by SIGKILL where that was not enough.
    ///
    /// - Parameters:
    ///   - seconds: to wait in between; -1 for ever, nil is the container's own time.
    ///   - signal: nil is the container's own.
    public func stop(_ reference: String, seconds: Int?, signal: Int32? = nil) throws {
        let cell = try cell(reference)
        let record = cell.record
        try cell.exclusively { try cell.change(try service(record)) { $0.supervision?.wasStopped = true } }
        guard case .running = record.lifecycle else { return }
        let number = signal ?? record.specification.stopSignal.flatMap(Signal.number(of:)) ?? SIGTERM
        let exits = cell.state.update { $0.exits }
        let patience = seconds ?? record.specification.stopTimeout ?? 10
        do { try send(number, to: cell) } catch  where !cell.record.isRunning { return }
        if !waitForEnd(cell, beyond: exits, milliseconds: patience < 0 ? nil : patience * 1000) {
            do { try send(SIGKILL, to: cell) } catch  where !cell.record.isRunning { return }
            guard waitForEnd(cell, beyond: exits, milliseconds: 30_000) else {
                throw RuntimeError(.timeout, "container \(record.name): it did not end within 30 s of SIGKILL")
            }
        }
        tell("stop", record)
    }

    private func waitForEnd(_ cell: ContainerCell, beyond exits: Int, milliseconds: Int?) -> Bool {
        let look: (inout ContainerCell.State) -> Awaited<Bool> = {
            $0.exits > exits || $0.isRemoved ? .done(true) : .notYet
        }
        guard let milliseconds else { return cell.state.wait(look) }
        return cell.state.wait(milliseconds: milliseconds, look) ?? false
    }

    /// Stops a container where it runs, and starts it.
    public func restart(_ reference: String, seconds: Int?, signal: Int32? = nil) throws {
        try stop(reference, seconds: seconds, signal: signal)
        try start(reference)
        tell("restart", try find(reference))
    }

    /// Freezes all processes of a container.
    public func pause(_ reference: String) throws { try freeze(reference, true) }

    /// Lets a paused container go on.
    public func resume(_ reference: String) throws { try freeze(reference, false) }

    private func freeze(_ reference: String, _ pauses: Bool) throws {
        let cell = try cell(reference)
        try cell.exclusively {
            let record = cell.record
            guard case .running = record.lifecycle else { throw Self.notRunning(record) }
            guard record.supervision?.isPaused != pauses else {
                throw RuntimeError(.invalidState, "container \(record.id) is \(pauses ? "already" : "not") paused")
            }
            let service = try service(record)
            try pauses ? service.runtime.pause(record.id) : service.runtime.resume(record.id)
            try cell.change(service) { $0.supervision?.isPaused = pauses }
        }
        tell(pauses ? "pause" : "unpause", cell.record)
    }

    /// Sets the size of a running container's terminal.
    public func resize(_ reference: String, rows: UInt16, columns: UInt16) throws {
        let cell = try cell(reference)
        guard cell.state.update({ $0.isAttachable }) else { throw Self.notRunning(cell.record) }
        try ShimClient(shimFolder(cell.id)).call(.resize(ProcessName(cell.id), rows: rows, columns: columns))
    }

    /// Gives a container another name.
    public func rename(_ reference: String, to name: String) throws {
        let cell = try cell(reference)
        let name = try ContainerNames.check(name.hasPrefix("/") ? String(name.dropFirst()) : name)
        let old = cell.record.name
        try cell.exclusively {
            if let other = list().first(where: { $0.name == name }) {
                throw RuntimeError(
                    .alreadyExists, "the name \"/\(name)\" is already in use by container \"\(other.id)\"")
            }
            try cell.change(try service(cell.record)) { record in
                record.name = name
                record.specification.name = name
            }
        }
        tell("rename", cell.record, ["oldName": "/\(old)"])
    }

    /// Removes a container.
    ///
    /// - Parameters:
    ///   - force: kill it first where it runs.
    ///   - volumes: whether the volumes go too that nobody named.
    public func remove(_ reference: String, force: Bool, volumes: Bool) throws {
        let cell = try cell(reference)
        if cell.record.isRunning {
            guard force else {
                let name = cell.record.name
                throw RuntimeError(
                    .invalidState,
                    "cannot remove container \"/\(name)\": container is running: stop the container before removing or force remove"
                )
            }
            try endForRemoval(cell)
        }
        try cell.exclusively {
            // Where it was to remove itself, it has.
            if cell.state.update({ $0.isRemoved }) { return }
            let record = cell.record
            let service = try service(record)
            try attempt("remove container \(record.name)") { try cell.handle(.remove(force: force), service) }
            gone(cell, record, service, volumes: volumes)
        }
    }

    private func endForRemoval(_ cell: ContainerCell) throws {
        let exits = cell.state.update { $0.exits }
        try cell.exclusively {
            if cell.state.update({ $0.isRemoved }) { return }
            try cell.change(try service(cell.record)) { $0.supervision?.wasStopped = true }
        }
        do { try send(SIGKILL, to: cell) } catch  where !cell.record.isRunning { return }
        guard waitForEnd(cell, beyond: exits, milliseconds: 30_000) else {
            throw RuntimeError(.timeout, "container \(cell.record.name): it did not end within 30 s of SIGKILL")
        }
    }

    /// Removes the containers that don't run and fit; their ids.
    public func prune(_ filter: PruneFilter) throws -> [String] {
        var ids: [String] = []
        for record in list() where !record.isRunning {
            guard filter.fits(created: record.created, labels: record.specification.labels) else { continue }
            do { try remove(record.id, force: false, volumes: true) } catch let error as RuntimeError
                where error.code == .invalidState || error.code == .notFound
            {
                // It was started, or removed, meanwhile.
                continue
            }
            ids.append(record.id)
        }
        return ids
    }
}
