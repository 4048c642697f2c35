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
        try runPoststart(record, states)
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

    /// Runs the poststart hooks of a container whose program has been executed; their failure ends the container, as
    /// the specification has it (runtime.md, lifecycle, step 9).
    func runPoststart(_ record: ContainerRecord, _ states: StateDirectory) throws {
        guard let hooks = record.hooks?.poststart, !hooks.isEmpty else { return }
        do {
            try runHooks(hooks, kind: "poststart", state: record.state(.running).json())
        } catch {
            do { try destroy(record, states) } catch { Output.printError("\(name): \(error)\n") }
            throw error
        }
    }
}
