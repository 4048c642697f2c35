internal import Cgroups
internal import OCISpec
internal import Support

extension CgroupResources {
    /// Translates `linux.resources` of a new container; the default device rules of every container follow the
    /// configuration's.
    init(creating resources: RuntimeConfiguration.Resources) {
        self.init(resources)
        devices = resources.devices.map(CgroupDeviceRule.init) + CgroupDeviceRule.defaults
        // The specification's limit of 0 is one that allows no fork. systemd has no 0, so that runc sets 1 as well.
        if pids == 0 { pids = 1 }
        // A new group's killer is on.
        if memory.disableOOMKiller == false { memory.disableOOMKiller = nil }
    }

    /// Translates `linux.resources` without the device rules.
    init(_ resources: RuntimeConfiguration.Resources) {
        self.init()
        takeMemory(resources.memory)
        takeCPU(resources.cpu)
        takeBlockIO(resources.blockIO)
        pids = resources.pids?.limit
        hugepageLimits = resources.hugepageLimits.map { HugepageLimit(pageSize: $0.pageSize, limit: $0.limit) }
        networkClassID = resources.network?.classID
        networkPriorities = (resources.network?.priorities ?? []).map { (name: $0.name, priority: $0.priority) }
        rdma = resources.rdma.map { device, limit in
            RDMALimit(device: device, hcaHandles: limit.hcaHandles, hcaObjects: limit.hcaObjects)
        }
        unified = resources.unified.map { (file: $0.key, value: $0.value) }
    }

    private mutating func takeMemory(_ source: RuntimeConfiguration.Resources.Memory?) {
        guard let source else { return }
        memory.limit = source.limit
        memory.reservation = source.reservation
        memory.swap = source.swap
        memory.kernel = source.kernel
        memory.kernelTCP = source.kernelTCP
        memory.swappiness = source.swappiness
        memory.disableOOMKiller = source.disableOOMKiller
        memory.useHierarchy = source.useHierarchy
        memory.checkBeforeUpdate = source.checkBeforeUpdate
    }

    private mutating func takeCPU(_ source: RuntimeConfiguration.Resources.CPU?) {
        guard let source else { return }
        cpu.shares = source.shares
        cpu.quota = source.quota
        cpu.burst = source.burst
        cpu.period = source.period
        cpu.realtimeRuntime = source.realtimeRuntime
        cpu.realtimePeriod = source.realtimePeriod
        cpu.cpus = source.cpus
        cpu.mems = source.mems
        cpu.idle = source.idle
    }

    private mutating func takeBlockIO(_ source: RuntimeConfiguration.Resources.BlockIO?) {
        guard let source else { return }
        func rates(_ list: [RuntimeConfiguration.Resources.DeviceRate]) -> [DeviceRate] {
            list.map { DeviceRate(major: $0.major, minor: $0.minor, rate: $0.rate) }
        }
        blockIO.weight = source.weight
        blockIO.leafWeight = source.leafWeight
        blockIO.weightDevice = source.weightDevice.map {
            DeviceWeight(major: $0.major, minor: $0.minor, weight: $0.weight, leafWeight: $0.leafWeight)
        }
        blockIO.throttleReadBpsDevice = rates(source.throttleReadBpsDevice)
        blockIO.throttleWriteBpsDevice = rates(source.throttleWriteBpsDevice)
        blockIO.throttleReadIOPSDevice = rates(source.throttleReadIOPSDevice)
        blockIO.throttleWriteIOPSDevice = rates(source.throttleWriteIOPSDevice)
    }
}

extension CgroupDeviceRule {
    /// Translates a rule of `linux.resources.devices`; a missing type is all devices, a missing access all three.
    init(_ rule: RuntimeConfiguration.DeviceRule) {
        let kind: Kind =
            switch rule.type {
            case .character, .unbuffered: .character
            case .block: .block
            case .fifo, .all, nil: .all
            }
        self.init(
            allow: rule.allow, kind: kind, major: rule.major.flatMap { $0 < 0 ? nil : $0 },
            minor: rule.minor.flatMap { $0 < 0 ? nil : $0 }, access: rule.access ?? "rwm")
    }
}
