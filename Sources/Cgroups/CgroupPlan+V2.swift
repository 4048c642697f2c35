internal import Glibc
internal import Support

extension CgroupPlan {
    mutating func addUnified(_ resources: CgroupResources) throws {
        try memoryUnified(resources.memory)
        try cpuUnified(resources.cpu)
        if let limit = resources.taskLimit {
            add("pids", "pids.max", limit < 0 ? "max" : "\(limit)", "pids.limit")
        }
        try blockIOUnified(resources.blockIO)
        for limit in resources.hugepageLimits {
            add("hugetlb", "hugetlb.\(limit.pageSize).max", "\(limit.limit)", "hugepageLimits")
            add(
                "hugetlb", "hugetlb.\(limit.pageSize).rsvd.max", "\(limit.limit)", "hugepageLimits",
                mayBeMissing: true)
        }
        if resources.networkClassID != nil || !resources.networkPriorities.isEmpty {
            throw Self.unsupported("network", "needs cgroup v1's net_cls and net_prio, this host has v2")
        }
        addRDMA(resources.rdma)
        for entry in resources.unified {
            if entry.file.contains("/") || entry.file.isEmpty || entry.file.hasPrefix(".") {
                throw RuntimeError(
                    .invalidArgument, "linux.resources.unified: \"\(entry.file)\" is no file of a cgroup")
            }
            let controller = entry.file.split(separator: ".").first.map(String.init) ?? entry.file
            add(controller, entry.file, entry.value, "unified")
        }
        deviceRules = resources.devices
    }

    private mutating func memoryUnified(_ memory: CgroupResources.Memory) throws {
        let onlyOne = "needs cgroup v1, this host has v2"
        if memory.kernelTCP ?? 0 != 0 { throw Self.unsupported("memory.kernelTCP", onlyOne) }
        if memory.swappiness != nil { throw Self.unsupported("memory.swappiness", onlyOne) }
        if memory.disableOOMKiller == true { throw Self.unsupported("memory.disableOOMKiller", onlyOne) }
        // Swap first: what a smaller limit of memory drives out finds the room that it may take.
        if let swap = memory.effectiveSwap {
            guard swap < 0 || memory.limit ?? 0 > 0 else {
                throw RuntimeError(
                    .invalidArgument,
                    "linux.resources.memory.swap: needs memory.limit, as it is the limit of both together")
            }
            // OCI's value counts memory too, the kernel's file swap alone.
            let only = swap < 0 ? "max" : "\(swap - (memory.limit ?? 0))"
            // Without swap accounting there is no file: nothing is lost where no limit is wanted.
            add("memory", "memory.swap.max", only, "memory.swap", mayBeMissing: swap < 0)
        }
        if let limit = memory.limit, limit != 0 {
            add("memory", "memory.max", Self.maximum(limit), "memory.limit")
        }
        if memory.checkBeforeUpdate == true {
            checkedLimits.memory = memory.limit.flatMap { $0 > 0 ? $0 : nil }
            checkedLimits.memoryAndSwap = memory.swap.flatMap { $0 > 0 ? $0 : nil }
        }
        if let reservation = memory.reservation, reservation != 0 {
            add("memory", "memory.low", Self.maximum(reservation), "memory.reservation")
        }
    }

    private mutating func cpuUnified(_ cpu: CgroupResources.CPU) throws {
        if cpu.realtimeRuntime ?? 0 != 0 || cpu.realtimePeriod ?? 0 != 0 {
            throw Self.unsupported("cpu.realtimeRuntime", "needs cgroup v1, this host has v2")
        }
        if let idle = cpu.idle { add("cpu", "cpu.idle", "\(idle)", "cpu.idle", mayBeMissing: idle == 0) }
        // The weight of an idle group can't be set.
        if let shares = cpu.shares, shares != 0, cpu.idle != 1 {
            add("cpu", "cpu.weight", "\(Self.weight(shares: shares))", "cpu.shares")
        }
        let quota = cpu.quota ?? 0
        let period = cpu.period ?? 0
        if quota != 0 || period != 0 {
            let time = quota > 0 ? "\(quota)" : "max"
            add("cpu", "cpu.max", period == 0 ? time : "\(time) \(period)", quota != 0 ? "cpu.quota" : "cpu.period")
        }
        if let burst = cpu.burst { add("cpu", "cpu.max.burst", "\(burst)", "cpu.burst", mayBeMissing: burst == 0) }
        if let cpus = cpu.cpus, !cpus.isEmpty { add("cpuset", "cpuset.cpus", cpus, "cpu.cpus") }
        if let mems = cpu.mems, !mems.isEmpty { add("cpuset", "cpuset.mems", mems, "cpu.mems") }
    }

    private mutating func blockIOUnified(_ io: CgroupResources.BlockIO) throws {
        if io.leafWeight ?? 0 != 0 { throw Self.unsupported("blockIO.leafWeight", "needs cgroup v1, this host has v2") }
        if let weight = io.weight, weight != 0 {
            add(
                "io", "io.bfq.weight", "\(weight)", "blockIO.weight",
                alternative: .init(file: "io.weight", value: "default \(Self.ioWeight(weight))"))
        }
        for device in io.weightDevice {
            guard let weight = device.weight, weight != 0 else { continue }
            let numbers = "\(device.major):\(device.minor)"
            add(
                "io", "io.bfq.weight", "\(numbers) \(weight)", "blockIO.weightDevice",
                alternative: .init(file: "io.weight", value: "\(numbers) \(Self.ioWeight(weight))"))
        }
        for (key, field, rates) in [
            ("rbps", "throttleReadBpsDevice", io.throttleReadBpsDevice),
            ("wbps", "throttleWriteBpsDevice", io.throttleWriteBpsDevice),
            ("riops", "throttleReadIOPSDevice", io.throttleReadIOPSDevice),
            ("wiops", "throttleWriteIOPSDevice", io.throttleWriteIOPSDevice),
        ] {
            for rate in rates {
                // 0 lifts a limit on v1; the word for that here is max.
                let value = rate.rate == 0 ? "max" : "\(rate.rate)"
                add("io", "io.max", "\(rate.major):\(rate.minor) \(key)=\(value)", "blockIO.\(field)")
            }
        }
    }

    private static func maximum(_ value: Int64) -> String { value < 0 ? "max" : "\(value)" }

    /// OCI's shares (2 to 262144, usually 1024) as cpu.weight (1 to 10000, usually 100).
    ///
    /// The formula of runc 1.3.2 and crun 1.23: quadratic in the logarithm through (2, 1), (1024, 100) and
    /// (262144, 10000). The older linear one gave a container with the usual shares 39, less than any plain process group.
    public static func weight(shares: UInt64) -> UInt64 {
        if shares <= 2 { return 1 }
        if shares >= 262_144 { return 10_000 }
        let logarithm = log2(Double(shares))
        let exponent = (logarithm * logarithm + 125 * logarithm) / 612 - 7.0 / 34
        return UInt64(pow(10, exponent).rounded(.up))
    }

    /// blkio's weight (10 to 1000) as io.weight (1 to 10000), linear, as runc and crun do it.
    public static func ioWeight(_ weight: UInt16) -> UInt64 {
        1 + (UInt64(weight) - min(10, UInt64(weight))) * 9999 / 990
    }
}
