internal import Glibc
internal import Linux
internal import ShimProtocol
internal import Support

extension ContainerSupervisor {
    /// Waits for the end of a running container, on a thread of its own.
    func watch(_ cell: ContainerCell) throws {
        let name = ProcessName(cell.id)
        let folder = shimFolder(cell.id)
        try startThread { [self] in
            var exit = (try? ShimClient(folder).call(.wait(name)))?.exit
            // A shim that is gone has left its word on the disk, unless it was killed.
            if exit == nil { exit = try? folder.readExitRecord(cell.id) }
            ended(cell, exit)
        }
    }

    /// Takes note of a container's end.
    private func ended(_ cell: ContainerCell, _ exit: ExitRecord?) {
        do {
            try cell.exclusively {
                guard case .running = cell.record.lifecycle else { return }
                try note(exit, of: cell)
            }
        } catch { warn("the end of container \(cell.record.name): \(error)") }
    }

    /// Takes note of a container's end; only within ``ContainerCell/exclusively(_:)``.
    func note(_ exit: ExitRecord?, of cell: ContainerCell) throws {
        let service = try service(cell.record)
        let reason = exit == nil ? "the program that looked after it was killed" : nil
        let ending = ContainerLifecycle.Ending(code: exit?.code ?? 137, at: ContainerService.now(), reason: reason)
        if exit?.oomKilled == true { tell("oom", cell.record) }
        tell("die", cell.record, ["exitCode": "\(ending.code)"])
        try settle(cell, .ended(ending), ContainerExit(code: ending.code, message: reason), service) { supervision in
            supervision.finishedAt = exit?.finishedAt ?? Timestamps.preciseNow()
            supervision.ranOutOfMemory = exit?.oomKilled ?? false
            supervision.isPaused = false
        }
        restartByPolicy(cell, ending.code)
    }

    /// Does what follows from an end, and tells those who wait for it.
    func settle(
        _ cell: ContainerCell, _ event: ContainerLifecycle.Event, _ exit: ContainerExit, _ service: ContainerService,
        change: (inout ContainerRecord.Supervision) -> Void = { _ in }
    ) throws {
        let record = cell.record
        // Before the removal, whose waiters want to know how it ended.
        cell.state.update { $0.lastExit = exit }
        defer {
            cell.state.update { state in
                state.exits += 1
                state.isAttachable = false
                state.execs = state.execs.filter { if case .ended = $0.value.phase { true } else { false } }
            }
            removeShim(cell.id)
        }
        try cell.handle(event, service, change: change)
        if case .removed = cell.record.lifecycle { gone(cell, record, service, volumes: true) }
    }

    /// Takes note of a container's removal.
    func gone(_ cell: ContainerCell, _ record: ContainerRecord, _ service: ContainerService, volumes: Bool) {
        if volumes { service.removeAnonymousVolumes(of: record, warn) }
        tell("destroy", record)
        drop(cell)
    }

    // MARK: Restarts

    private func restartByPolicy(_ cell: ContainerCell, _ code: Int32) {
        let record = cell.record
        guard let supervision = record.supervision, !supervision.wasStopped else { return }
        switch record.specification.restart {
        case .never: return
        case .onFailure(let most):
            guard code != 0, most == 0 || supervision.restarts < most else { return }
        case .always, .unlessStopped: break
        }
        // Doubling from 100 ms to a minute; a container that ran for ten seconds begins anew.
        let ran = Self.seconds(from: supervision.startedAt, to: supervision.finishedAt)
        let number = ran >= 10 ? 0 : min(supervision.restarts, 10)
        startLater(cell, milliseconds: min(60_000, 100 << number))
    }

    /// Starts a container after a while, unless somebody stopped, started or removed it meanwhile.
    private func startLater(_ cell: ContainerCell, milliseconds: Int) {
        do {
            try startThread { [self] in
                _ = cell.state.wait(milliseconds: milliseconds) { state -> Awaited<Void> in
                    state.isRemoved || state.record.supervision?.wasStopped == true ? .done(()) : .notYet
                }
                do {
                    try cell.exclusively {
                        guard case .exited = cell.record.lifecycle, cell.record.supervision?.wasStopped == false,
                            !cell.state.update({ $0.isRemoved })
                        else { return }
                        try start(cell) { $0.restarts += 1 }
                    }
                } catch { warn("restart container \(cell.record.name): \(error)") }
            }
        } catch { warn("restart container \(cell.record.name): \(error)") }
    }

    private static func seconds(from start: String?, to end: String?) -> Int64 {
        guard let start, let end, let from = Timestamps.seconds(start), let to = Timestamps.seconds(end) else {
            return 0
        }
        return to - from
    }

    // MARK: Another daemon's containers

    /// Goes on with a container that ran, or was being started, when the last daemon ended.
    func takeOver(_ cell: ContainerCell) throws {
        let record = cell.record
        let folder = shimFolder(record.id)
        try cell.exclusively {
            let service = try service(record)
            if let exit = try folder.readExitRecord(record.id) {
                try beRunning(cell, exit.pid, service)
                return try note(exit, of: cell)
            }
            let client = try? ShimClient(folder)
            let state = try? client?.call(.state).state
            let process = state?.processes.first { $0.name == ProcessName(record.id) }
            guard let process, process.status == .running, let pid = process.pid else {
                // Between the shim's start and the program's, or the shim was killed: what is left of it is removed.
                try beRunning(cell, process?.pid ?? 0, service)
                return try note(process?.exit, of: cell)
            }
            try beRunning(cell, pid, service)
            cell.state.update { $0.isAttachable = true }
            try watch(cell)
        }
    }

    /// A container whose start the last daemon did not live to take note of.
    private func beRunning(_ cell: ContainerCell, _ pid: Int32, _ service: ContainerService) throws {
        guard case .starting = cell.record.lifecycle else { return }
        try cell.handle(.started(pid: pid, at: ContainerService.now()), service)
    }

    /// Starts a container again that shall run whenever the daemon does.
    func restartAtBoot(_ cell: ContainerCell) {
        let record = cell.record
        guard case .exited = record.lifecycle, let supervision = record.supervision else { return }
        switch record.specification.restart {
        case .always: startLater(cell, milliseconds: 0)
        case .unlessStopped where !supervision.wasStopped: startLater(cell, milliseconds: 0)
        default: return
        }
    }
}

extension ContainerService {
    /// Removes the volumes that were made for this container alone and that nobody named.
    func removeAnonymousVolumes(of record: ContainerRecord, _ warn: (String) -> Void) {
        let volumes = Volumes(folder: "\(folders.root)/volumes")
        for case .volume(let name) in record.specification.mounts.map(\.source) where ContainerStore.isIdentifier(name)
        {
            do { try volumes.remove(name) } catch { warn("\(error)") }
        }
    }
}
