internal import Cgroups
internal import Glibc
internal import JSON
internal import Linux
internal import OCISpec
internal import Resctrl
internal import Support

extension RuntimeProgram {
    /// Changes the limits of a container that has not stopped.
    func update(_ arguments: Arguments, _ states: StateDirectory) throws {
        let record = try states.load(try arguments.only("container ID"))
        guard Lifecycle.status(of: record, states) != .stopped, record.process != nil else {
            throw RuntimeError(.invalidState, "container not running")
        }
        try updateResctrl(record, arguments)
        let change = try wantedResources(arguments)
        let before = try states.resources(of: record.id)
        try attempt("update container \(record.id)") {
            let resources = CgroupResources(changing: before, by: change)
            if let scope = record.scope {
                try scope.update(record.cgroup, resources)
            } else {
                try record.cgroup.update(resources)
            }
        }
        try states.save(before.changed(by: change), of: record.id)
    }

    private func updateResctrl(_ record: ContainerRecord, _ arguments: Arguments) throws {
        var settings = ResctrlSettings()
        settings.l3CacheSchema = arguments["l3-cache-schema"]
        settings.memBwSchema = arguments["mem-bw-schema"]
        if settings.lines.isEmpty { return }
        guard let group = record.resctrl else {
            throw RuntimeError(
                .invalidState, "options --l3-cache-schema and --mem-bw-schema: the container has no linux.intelRdt")
        }
        try settings.validate(id: record.id)
        try Resctrl().update(group, settings.lines)
    }

    private func wantedResources(_ arguments: Arguments) throws -> RuntimeConfiguration.Resources {
        guard let file = arguments["resources"], !file.isEmpty else {
            return try RuntimeConfiguration.Resources(arguments)
        }
        let limit = 8 << 20
        return try attempt("option --resources \(file)") {
            let text =
                file == "-"
                ? try Descriptor(owning: check("dup", "stdin") { dup(0) }).readAll(limit: limit, "stdin")
                : try readFile(file, limit: limit)
            return try JSONReader.document(text) { try RuntimeConfiguration.Resources(from: &$0) }
        }
    }
}

extension RuntimeConfiguration.Resources {
    /// What the options of `update` say; 0 and an empty text say nothing, as in runc.
    fileprivate init(_ arguments: Arguments) throws(RuntimeError) {
        func bytes(_ option: String) throws(RuntimeError) -> Int64? {
            guard let text = arguments[option], !text.isEmpty else { return nil }
            return try Quantity.bytes(text, option: option)
        }
        func integer<T: FixedWidthInteger>(_ option: String) throws(RuntimeError) -> T? {
            guard let text = arguments[option], !text.isEmpty else { return nil }
            return try Quantity.integer(text, option: option)
        }
        self.init()
        var memory = Memory()
        memory.limit = try bytes("memory")
        memory.reservation = try bytes("memory-reservation")
        memory.swap = try bytes("memory-swap")
        memory.kernel = try bytes("kernel-memory")
        // Checked for its form only: see the option's help.
        _ = try bytes("kernel-memory-tcp")
        var cpu = CPU()
        cpu.shares = try integer("cpu-share")
        cpu.quota = try integer("cpu-quota")
        cpu.period = try integer("cpu-period")
        cpu.burst = try integer("cpu-burst")
        cpu.realtimeRuntime = try integer("cpu-rt-runtime")
        cpu.realtimePeriod = try integer("cpu-rt-period")
        cpu.idle = try integer("cpu-idle")
        cpu.cpus = arguments["cpuset-cpus"]
        cpu.mems = arguments["cpuset-mems"]
        var blockIO = BlockIO()
        blockIO.weight = try integer("blkio-weight")
        (self.memory, self.cpu, self.blockIO) = (memory, cpu, blockIO)
        pids = Pids(limit: try integer("pids-limit"))
    }

    /// These limits with those of an update in their places.
    func changed(by change: Self) -> Self {
        var now = self
        if let memory = change.memory { now.memory = (now.memory ?? Memory()).changed(by: memory) }
        if let cpu = change.cpu { now.cpu = (now.cpu ?? CPU()).changed(by: cpu) }
        if let limit = change.pids?.limit { now.pids = Pids(limit: limit) }
        if let io = change.blockIO { now.blockIO = (now.blockIO ?? BlockIO()).changed(by: io) }
        for limit in change.hugepageLimits {
            now.hugepageLimits.removeAll { $0.pageSize == limit.pageSize }
            now.hugepageLimits.append(limit)
        }
        if let network = change.network { now.network = network }
        now.rdma.merge(change.rdma) { $1 }
        now.unified.merge(change.unified) { $1 }
        if !change.devices.isEmpty { now.devices = change.devices }
        return now
    }
}

/// The new value where it says something.
private func newer<T: FixedWidthInteger>(_ old: T?, _ new: T?) -> T? { new ?? 0 == 0 ? old : new }

extension RuntimeConfiguration.Resources.Memory {
    fileprivate func changed(by change: Self) -> Self {
        var now = self
        now.limit = newer(limit, change.limit)
        now.reservation = newer(reservation, change.reservation)
        now.swap = newer(swap, change.swap)
        // Memory without a limit means swap without one.
        if change.limit == -1, change.swap ?? 0 == 0 { now.swap = -1 }
        now.kernelTCP = newer(kernelTCP, change.kernelTCP)
        now.swappiness = change.swappiness ?? swappiness
        now.disableOOMKiller = change.disableOOMKiller ?? disableOOMKiller
        return now
    }
}

extension RuntimeConfiguration.Resources.CPU {
    fileprivate func changed(by change: Self) -> Self {
        var now = self
        now.shares = newer(shares, change.shares)
        now.quota = newer(quota, change.quota)
        now.period = newer(period, change.period)
        now.burst = change.burst ?? burst
        now.realtimeRuntime = newer(realtimeRuntime, change.realtimeRuntime)
        now.realtimePeriod = newer(realtimePeriod, change.realtimePeriod)
        now.cpus = (change.cpus ?? "").isEmpty ? cpus : change.cpus
        now.mems = (change.mems ?? "").isEmpty ? mems : change.mems
        now.idle = change.idle ?? idle
        return now
    }
}

extension RuntimeConfiguration.Resources.BlockIO {
    fileprivate func changed(by change: Self) -> Self {
        var now = self
        now.weight = newer(weight, change.weight)
        now.leafWeight = newer(leafWeight, change.leafWeight)
        if !change.weightDevice.isEmpty { now.weightDevice = change.weightDevice }
        if !change.throttleReadBpsDevice.isEmpty { now.throttleReadBpsDevice = change.throttleReadBpsDevice }
        if !change.throttleWriteBpsDevice.isEmpty { now.throttleWriteBpsDevice = change.throttleWriteBpsDevice }
        if !change.throttleReadIOPSDevice.isEmpty { now.throttleReadIOPSDevice = change.throttleReadIOPSDevice }
        if !change.throttleWriteIOPSDevice.isEmpty { now.throttleWriteIOPSDevice = change.throttleWriteIOPSDevice }
        return now
    }
}

extension CgroupResources {
    /// What an update writes: its own values, and those that the container has already where a file takes two together.
    init(changing before: RuntimeConfiguration.Resources, by change: RuntimeConfiguration.Resources) {
        self.init(change)
        let now = before.changed(by: change)
        if memory.limit ?? 0 != 0 || memory.swap ?? 0 != 0 {
            memory.limit = now.memory?.limit
            memory.swap = now.memory?.swap
        }
        if cpu.quota ?? 0 != 0 || cpu.period ?? 0 != 0 {
            cpu.quota = now.cpu?.quota
            cpu.period = now.cpu?.period
        }
        // A group that is idle no more has lost its weight.
        if cpu.idle == 0 { cpu.shares = now.cpu?.shares }
        // The killer is on where nobody has switched it off; Docker says so in every document.
        if memory.disableOOMKiller == false, before.memory?.disableOOMKiller != true { memory.disableOOMKiller = nil }
        if !change.devices.isEmpty, change.devices != before.devices {
            devices = change.devices.map(CgroupDeviceRule.init) + CgroupDeviceRule.defaults
        }
    }
}
