internal import Support

extension CgroupPlan {
    mutating func addVersionOne(_ resources: CgroupResources) throws {
        if let first = resources.unified.first {
            throw Self.unsupported("unified", "\(first.file) needs cgroup v2, this host has v1")
        }
        // The kernel would take the nearest that is allowed, in silence.
        if let shares = resources.cpu.shares, shares != 0, !(2...262_144).contains(shares) {
            let bound = shares < 2 ? "minimum allowed cpu-shares is 2" : "maximum allowed cpu-shares is 262144"
            throw RuntimeError(.invalidArgument, "linux.resources.cpu.shares: \(shares): the \(bound)")
        }
        memoryVersionOne(resources.memory)
        cpuVersionOne(resources.cpu)
        if let limit = resources.taskLimit {
            add("pids", "pids.max", limit < 0 ? "max" : "\(limit)", "pids.limit")
        }
        blockIOVersionOne(resources.blockIO)
        for limit in resources.hugepageLimits {
            add("hugetlb", "hugetlb.\(limit.pageSize).limit_in_bytes", "\(limit.limit)", "hugepageLimits")
            // Reserved pages have their own limit since 5.7.
            add(
                "hugetlb", "hugetlb.\(limit.pageSize).rsvd.limit_in_bytes", "\(limit.limit)", "hugepageLimits",
                mayBeMissing: true)
        }
        if let classID = resources.networkClassID {
            add("net_cls", "net_cls.classid", "\(classID)", "network.classID")
        }
        for entry in resources.networkPriorities {
            add("net_prio", "net_prio.ifpriomap", "\(entry.name) \(entry.priority)", "network.priorities")
        }
        addRDMA(resources.rdma)
        // A new group starts with what its parent has, usually everything; OCI's lists start from nothing.
        if let first = resources.devices.first, first.kind != .all {
            add("devices", "devices.deny", "a", "devices")
        }
        for rule in resources.devices {
            add("devices", rule.allow ? "devices.allow" : "devices.deny", rule.line, "devices")
        }
    }

    private mutating func memoryVersionOne(_ memory: CgroupResources.Memory) {
        // The limit of both must never be below the limit of memory: what is refused is tried again after the others.
        if let limit = memory.limit, limit != 0 {
            add("memory", "memory.limit_in_bytes", "\(limit)", "memory.limit")
        }
        if let swap = memory.effectiveSwap {
            add("memory", "memory.memsw.limit_in_bytes", "\(swap)", "memory.swap", mayBeMissing: swap < 0)
        }
        if let reservation = memory.reservation, reservation != 0 {
            add("memory", "memory.soft_limit_in_bytes", "\(reservation)", "memory.reservation")
        }
        if let limit = memory.kernelTCP, limit != 0 {
            add("memory", "memory.kmem.tcp.limit_in_bytes", "\(limit)", "memory.kernelTCP")
        }
        if let swappiness = memory.swappiness {
            add("memory", "memory.swappiness", "\(swappiness)", "memory.swappiness")
        }
        if let off = memory.disableOOMKiller {
            add("memory", "memory.oom_control", off ? "1" : "0", "memory.disableOOMKiller", mayBeMissing: !off)
        }
    }

    private mutating func cpuVersionOne(_ cpu: CgroupResources.CPU) {
        if let shares = cpu.shares, shares != 0 { add("cpu", "cpu.shares", "\(shares)", "cpu.shares") }
        if let period = cpu.period, period != 0 { add("cpu", "cpu.cfs_period_us", "\(period)", "cpu.period") }
        if let quota = cpu.quota, quota != 0 {
            add("cpu", "cpu.cfs_quota_us", quota < 0 ? "-1" : "\(quota)", "cpu.quota")
        }
        if let burst = cpu.burst { add("cpu", "cpu.cfs_burst_us", "\(burst)", "cpu.burst", mayBeMissing: burst == 0) }
        if let period = cpu.realtimePeriod, period != 0 {
            add("cpu", "cpu.rt_period_us", "\(period)", "cpu.realtimePeriod")
        }
        if let runtime = cpu.realtimeRuntime, runtime != 0 {
            add("cpu", "cpu.rt_runtime_us", "\(runtime)", "cpu.realtimeRuntime")
        }
        if let idle = cpu.idle { add("cpu", "cpu.idle", "\(idle)", "cpu.idle", mayBeMissing: idle == 0) }
        if let cpus = cpu.cpus, !cpus.isEmpty { add("cpuset", "cpuset.cpus", cpus, "cpu.cpus") }
        if let mems = cpu.mems, !mems.isEmpty { add("cpuset", "cpuset.mems", mems, "cpu.mems") }
    }

    private mutating func blockIOVersionOne(_ io: CgroupResources.BlockIO) {
        if let weight = io.weight, weight != 0 {
            add(
                "blkio", "blkio.weight", "\(weight)", "blockIO.weight",
                alternative: .init(file: "blkio.bfq.weight", value: "\(weight)"))
        }
        if let weight = io.leafWeight, weight != 0 {
            add("blkio", "blkio.leaf_weight", "\(weight)", "blockIO.leafWeight")
        }
        for device in io.weightDevice {
            let numbers = "\(device.major):\(device.minor)"
            if let weight = device.weight, weight != 0 {
                add(
                    "blkio", "blkio.weight_device", "\(numbers) \(weight)", "blockIO.weightDevice",
                    alternative: .init(file: "blkio.bfq.weight_device", value: "\(numbers) \(weight)"))
            }
            if let weight = device.leafWeight, weight != 0 {
                add("blkio", "blkio.leaf_weight_device", "\(numbers) \(weight)", "blockIO.weightDevice")
            }
        }
        for (file, field, rates) in [
            ("read_bps", "throttleReadBpsDevice", io.throttleReadBpsDevice),
            ("write_bps", "throttleWriteBpsDevice", io.throttleWriteBpsDevice),
            ("read_iops", "throttleReadIOPSDevice", io.throttleReadIOPSDevice),
            ("write_iops", "throttleWriteIOPSDevice", io.throttleWriteIOPSDevice),
        ] {
            for rate in rates {
                add(
                    "blkio", "blkio.throttle.\(file)_device", "\(rate.major):\(rate.minor) \(rate.rate)",
                    "blockIO.\(field)")
            }
        }
    }

    mutating func addRDMA(_ limits: [CgroupResources.RDMALimit]) {
        for limit in limits {
            let text = { (value: UInt32?) in value.map { "\($0)" } ?? "max" }
            add(
                "rdma", "rdma.max",
                "\(limit.device) hca_handle=\(text(limit.hcaHandles)) hca_object=\(text(limit.hcaObjects))", "rdma")
        }
    }
}
