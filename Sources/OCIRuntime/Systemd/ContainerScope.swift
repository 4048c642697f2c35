internal import Cgroups
internal import JSON
internal import Linux
internal import Support
internal import Systemd

/// The systemd unit that a container's cgroup belongs to: what its record keeps, so that no later verb needs
/// `--systemd-cgroup`.
struct ContainerScope: Equatable {
    /// The unit's name.
    var unit: String
    /// It is a user's systemd's, not the machine's.
    var isUsers: Bool

    /// Connects to the systemd that has it.
    func manager() throws -> SystemdManager { try SystemdManager(isUsers ? .user : .system) }

    /// The entry of a process into the cgroup: as it is, or by way of systemd where the kernel would not let the caller's
    /// children be born there, as from a login session.
    func entry(_ entry: CgroupEntry, of cgroup: Cgroup) throws -> CgroupEntry {
        guard isUsers, let path = entry.unifiedPath, let top = cgroup.unifiedFolder?.path else { return entry }
        if try Cgroup.mayMoveOwnProcesses(to: path) { return entry }
        let below = String(path.dropFirst(top.utf8.count))
        let scope = self
        return entry.placed { pid in try scope.manager().attach(pid, to: scope.unit, below: below) }
    }

    /// Stops the scope and removes what is left of the cgroup. A systemd that can't be reached is an error only where the
    /// cgroup can't be removed without it.
    func remove(_ cgroup: Cgroup) throws {
        var failure: (any Error)?
        do { try manager().stop(unit) } catch { failure = error }
        try cgroup.delete()
        if let failure, (failure as? any CodedError)?.runtimeCode != .unavailable { throw failure }
    }

    /// Changes limits in the cgroup and in systemd's mind; where one of both refuses, neither has changed.
    func update(_ cgroup: Cgroup, _ resources: CgroupResources) throws {
        var resources = resources
        resources.roundQuota()
        try cgroup.update(resources) {
            let manager = try manager()
            let properties = try ScopeResources.properties(
                resources, isUnified: cgroup.isUnified, version: manager.version)
            try manager.set(properties, of: unit)
        }
    }
}

extension ContainerScope {
    init(from reader: inout JSONReader) throws {
        self.init(unit: "", isUsers: false)
        try reader.object { key, value in
            switch key {
            case "unit": unit = try value.string()
            case "isUsers": isUsers = try value.bool()
            default: try value.skip()
            }
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("unit", unit)
            object.member("isUsers", isUsers)
        }
    }
}
