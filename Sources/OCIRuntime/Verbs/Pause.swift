internal import Cgroups
internal import OCISpec
internal import Support

extension RuntimeProgram {
    /// Stops every process of a created or running container, until ``resume(_:_:)``.
    func pause(_ arguments: Arguments, _ states: StateDirectory) throws {
        let record = try states.load(try arguments.only("container ID"))
        let status = Lifecycle.status(of: record, states)
        guard status == .running || status == .created else {
            throw RuntimeError(.invalidState, "container not running (it is \(status.rawValue))")
        }
        try attempt("pause container \(record.id)") { try record.cgroup.freeze() }
    }

    /// Lets a paused container run on.
    func resume(_ arguments: Arguments, _ states: StateDirectory) throws {
        let record = try states.load(try arguments.only("container ID"))
        let status = Lifecycle.status(of: record, states)
        guard status == .paused else {
            throw RuntimeError(.invalidState, "container not paused (it is \(status.rawValue))")
        }
        try attempt("resume container \(record.id)") { try record.cgroup.thaw() }
    }
}
