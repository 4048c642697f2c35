internal import Cgroups
internal import Glibc
internal import Linux
internal import OCISpec
internal import Resctrl
internal import Support

extension RuntimeProgram {
    /// Sends a signal to the container's first process, or with --all to every one.
    func kill(_ arguments: Arguments, _ states: StateDirectory) throws {
        guard let id = arguments.positionals.first, arguments.positionals.count <= 2 else {
            throw RuntimeError(.invalidArgument, "expected a container ID and a signal (see --help)")
        }
        let word = arguments.positionals.count == 2 ? arguments.positionals[1] : "TERM"
        // Signal 0 only asks whether there is a process (kill(2)).
        guard let signal = word == "0" ? 0 : Signal.number(of: word) else {
            throw RuntimeError(.invalidArgument, "unknown signal \"\(word)\"")
        }
        let record = try states.load(id)
        if arguments.has("all"), !record.cgroup.folders.isEmpty {
            return try signalAll(record, signal)
        }
        if signal == SIGKILL, try killsAll(record, states) { return }
        guard let process = record.process, process.isAlive else {
            throw RuntimeError(.invalidState, "container not running")
        }
        try attempt("kill container \(id)") { try process.send(signal) }
        // On v1 nothing that is frozen dies.
        if signal == SIGKILL, (try? record.cgroup.isFrozen()) == true { try record.cgroup.thaw() }
    }

    /// Without a pid namespace of the container's own, its first process's end would leave the others: SIGKILL goes to all.
    ///
    /// - Returns: false where they need not, or can't, be killed one by one.
    private func killsAll(_ record: ContainerRecord, _ states: StateDirectory) throws -> Bool {
        if record.cgroup.folders.isEmpty || record.process == nil { return false }
        let namespaces = try states.configuration(of: record.id).linux?.namespaces ?? []
        if namespaces.contains(where: { $0.type == .pid && ($0.path ?? "").isEmpty }) { return false }
        if try record.cgroup.processes().isEmpty { return false }
        try record.cgroup.killAll()
        return true
    }

    /// A process that ends meanwhile has got what it needed; one that is born meanwhile is caught by the next look.
    private func signalAll(_ record: ContainerRecord, _ signal: Int32) throws {
        if signal == SIGKILL { return try record.cgroup.killAll() }
        for pid in try record.cgroup.processes() {
            try? ProcessIdentity(of: pid).send(signal)
        }
    }

    /// Removes a stopped container; with --force kills it first, whatever it does.
    func delete(_ arguments: Arguments, _ states: StateDirectory) throws {
        let id = try arguments.only("container ID")
        let force = arguments.has("force")
        try StateDirectory.validate(id)
        guard states.exists(id) else {
            if force { return }
            throw RuntimeError(.notFound, "container does not exist")
        }
        guard let record = try loadForDeletion(id, states, force: force) else { return try states.remove(id) }
        let status = Lifecycle.status(of: record, states)
        guard force || status == .stopped else {
            throw RuntimeError(
                .invalidState,
                "cannot delete container \(id) that is not stopped: \(status.rawValue) (kill it, or use --force)")
        }
        try destroy(record, states)
    }

    /// A folder without a readable record is what a crash in the first instant of create left: only --force removes it.
    private func loadForDeletion(_ id: String, _ states: StateDirectory, force: Bool) throws -> ContainerRecord? {
        do {
            return try states.load(id)
        } catch {
            if force { return nil }
            throw error
        }
    }

    /// Ends what is left of a container and removes every trace. Each step is tried; the first failure is thrown.
    func destroy(_ record: ContainerRecord, _ states: StateDirectory) throws {
        let cgroup = record.cgroup
        if let process = record.process, process.isAlive {
            // Gone between the look and the signal is as good as killed.
            try? process.send(SIGKILL)
            if (try? cgroup.isFrozen()) == true { try cgroup.thaw() }
            guard try process.waitForExit(milliseconds: 10_000) else {
                throw RuntimeError(
                    .timeout, "process \(process.pid) of container \(record.id) did not end within 10 s of SIGKILL")
            }
        }
        try attempt("remove the cgroups of container \(record.id)") {
            // Without a pid namespace of its own, what the process started outlives it.
            if try !cgroup.processes().isEmpty { try cgroup.killAll() }
            if let scope = record.scope { try scope.remove(cgroup) } else { try cgroup.delete() }
        }
        // Where resctrl is mounted no more, its groups are gone with it.
        if let group = record.resctrl, let resctrl = try? Resctrl() {
            try attempt("remove the resctrl group of container \(record.id)") { try resctrl.remove(group) }
        }
        try states.remove(record.id)
        poststop(record)
    }
}
