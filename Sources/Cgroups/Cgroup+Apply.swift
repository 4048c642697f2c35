internal import Glibc
internal import Linux
internal import Support

extension Cgroup {
    /// Puts limits into force in a new group.
    ///
    /// - Throws: ``RuntimeError`` naming the field of config.json, the file and the value: `unsupported` where this
    ///   host lacks the controller or the file.
    public func apply(_ resources: CgroupResources) throws {
        let plan = try CgroupPlan(resources, unified: isUnified)
        try checkUse(plan.checkedLimits)
        var writer = CgroupWriter(self, remembers: false)
        try writer.perform(plan.writes)
        try filterDevices(plan.deviceRules)
    }

    /// Changes limits of a group that has processes; what `resources` says nothing of stays as it is.
    ///
    /// When a value is refused, those written before it are taken back.
    ///
    /// - Parameter agree: somebody else who must know of the limits, and may write them to the same files in a way of its own: the
    ///   values are written again after it. When it throws, all is taken back.
    /// - Throws: ``RuntimeError`` as ``apply(_:)`` does; it names the fields whose old values could not be written back.
    public func update(_ resources: CgroupResources, agree: (() throws -> Void)? = nil) throws {
        let plan = try CgroupPlan(resources, unified: isUnified)
        try checkUse(plan.checkedLimits)
        var writer = CgroupWriter(self, remembers: true)
        do {
            try writer.perform(plan.writes)
            if let agree {
                try agree()
                var again = CgroupWriter(self, remembers: false)
                try again.perform(plan.writes)
            }
            try filterDevices(plan.deviceRules)
        } catch {
            let kept = writer.restore()
            if kept.isEmpty { throw error }
            throw RuntimeError(
                (error as? any CodedError)?.runtimeCode ?? .internal,
                "\(kept.joined(separator: ", ")) changed and could not be set back, after another limit failed",
                cause: error)
        }
    }

    private func filterDevices(_ rules: [CgroupDeviceRule]) throws {
        guard !rules.isEmpty, let folder = unifiedFolder else { return }
        try attempt("linux.resources.devices: filter devices of cgroup \(folder.path)") {
            try DeviceProgram(rules: rules).attach(to: folder.path)
        }
    }

    /// Refuses limits that the memory in use is above already; a use that can't be read refuses nothing.
    private func checkUse(_ limits: CgroupPlan.CheckedLimits) throws {
        guard limits != CgroupPlan.CheckedLimits(), let folder = folder(of: "memory"),
            let text = try? readSmall("\(folder.path)/memory.current"), let use = Int64(text)
        else { return }
        if let limit = limits.memoryAndSwap, limit <= use {
            throw RuntimeError(
                .invalidState, "linux.resources.memory.swap: rejecting memory+swap limit \(limit) <= usage \(use)")
        }
        if let limit = limits.memory, limit <= use {
            throw RuntimeError(
                .invalidState, "linux.resources.memory.limit: rejecting memory limit \(limit) <= usage \(use)")
        }
    }
}
