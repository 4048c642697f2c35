internal import CLinux
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import Support

extension RuntimeProgram {
    func start(_ arguments: Arguments, _ states: StateDirectory) throws {
        let id = try arguments.only("container ID")
        let record = try states.load(id)
        let status = Lifecycle.status(of: record, states)
        guard status == .created else {
            throw RuntimeError(.invalidState, "cannot start a container in the \(status.rawValue) state")
        }
        try release(record, states)
        do {
            try runPoststart(record)
        } catch {
            // The specification ends the container then (runtime.md, lifecycle, step 9).
            do { try destroy(record, states) } catch { Output.printError("\(name): \(error)\n") }
            throw error
        }
    }

    /// Lets the waiting process execute, and learns whether it could.
    private func release(_ record: ContainerRecord, _ states: StateDirectory) throws {
        let path = states.startSocket(record.id)
        let socket = Descriptor(owning: try check("connect", path) { cl_unix_connect(path) })
        // Gone from here on: a second start finds the container no longer created.
        unlink(path)
        try socket.writeAll([1], path)
        guard try socket.readSome(1, path).first == 1 else {
            throw RuntimeError(.invalidState, "the container's process ended before it was started")
        }
        try awaitExecution(of: record.process?.pid ?? 0, over: socket) { record.state(.created) }
    }

    private func runPoststart(_ record: ContainerRecord) throws {
        guard let hooks = record.hooks?.poststart, !hooks.isEmpty else { return }
        try runHooks(hooks, field: "hooks.poststart", state: record.state(.running).json())
    }
}
