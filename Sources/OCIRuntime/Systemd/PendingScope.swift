internal import Cgroups
internal import Glibc
internal import OCISpec
internal import Support
internal import Systemd

/// A container's scope from when systemd has made it until the container's process is in it.
final class PendingScope {
    let scope: ContainerScope
    let cgroup: Cgroup
    private let manager: SystemdManager
    private let resources: CgroupResources
    private var properties: [UnitProperty]
    private var keeper: ScopeKeeper?

    /// Decides names and limits and asks systemd where its cgroups are; nothing is made.
    init(_ configuration: RuntimeConfiguration, id: String, isUsers: Bool) throws {
        let layout = try CgroupLayout.detect()
        if isUsers && !layout.isUnified {
            throw RuntimeError(.unsupported, "--systemd-cgroup: an ordinary user's needs cgroup v2, this host has v1")
        }
        let linux = configuration.linux
        let name = try ScopeName(cgroupsPath: linux?.cgroupsPath, id: id, isUsers: isUsers)
        var resources = CgroupResources(creating: linux?.resources ?? RuntimeConfiguration.Resources())
        // A user's systemd may not filter devices, and there is no privilege that the rules could take away.
        if isUsers { resources.devices = [] }
        resources.roundQuota()
        self.resources = resources
        scope = ContainerScope(unit: name.unit, isUsers: isUsers)
        manager = try scope.manager()
        cgroup = try Cgroup(path: manager.controlGroup() + name.path, id: id, layout: layout)
        properties =
            UnitProperty.scope(id: id, slice: name.slice, isUnified: layout.isUnified)
            + (try UnitProperty.annotated(configuration.annotations))
    }

    /// Has systemd make the scope, and puts into force what it leaves to others.
    func start(_ undo: inout UndoStack) throws {
        let early = resources.withRoomForKeeper()
        // Whatever can't be honoured is told before there is a scope.
        _ = try CgroupPlan(resources, unified: cgroup.isUnified)
        properties += try ScopeResources.properties(early, isUnified: cgroup.isUnified, version: manager.version)
        if let policy = try UnitProperty.outOfMemoryPolicy(resources, version: manager.version) {
            properties.append(policy)
        }
        let keeper = try ScopeKeeper()
        self.keeper = keeper
        undo.push { keeper.end() }
        try manager.startScope(scope.unit, properties + [.processes([keeper.pid])])
        let (manager, scope, cgroup) = (manager, scope, cgroup)
        let stop = {
            keeper.end()
            try manager.stop(scope.unit)
        }
        undo.push(stop)
        let above = try cgroup.complete()
        undo.push { for folder in above.reversed() { rmdir(folder) } }
        undo.push { try cgroup.delete() }
        undo.push(stop)
        try cgroup.apply(early)
    }

    /// The container's process is in the scope.
    func enter() throws {
        guard let keeper else { return }
        keeper.end()
        self.keeper = nil
        let early = resources.withRoomForKeeper()
        if early == resources { return }
        var late = CgroupResources()
        late.pids = early.pids == resources.pids ? nil : resources.pids
        late.unified = resources.unified.filter { $0.file == "pids.max" }
        try scope.update(cgroup, late)
    }
}

extension CgroupResources {
    /// With one task more where few are allowed: the keeper is in the group for a while.
    fileprivate func withRoomForKeeper() -> CgroupResources {
        var early = self
        if let limit = pids, (1...16).contains(limit) { early.pids = limit + 1 }
        for (index, entry) in unified.enumerated() where entry.file == "pids.max" {
            if let limit = Int(entry.value), (0...16).contains(limit) { early.unified[index].value = "\(limit + 1)" }
        }
        return early
    }
}
