internal import Glibc
internal import Linux
internal import Support

extension Cgroup {
    /// Reads the counters.
    ///
    /// - Throws: ``RuntimeError`` `notFound` where the group is gone.
    public func statistics() throws -> CgroupStatistics {
        let folder = isUnified ? folders.first : folder(of: "memory") ?? folder(of: "pids") ?? folders.first
        guard let folder else { throw RuntimeError(.notFound, "the container has no cgroup") }
        try attempt("read statistics of cgroup \(folder.path)") {
            if access(folder.path, F_OK) != 0 { throw SystemCallError("access", errno: errno) }
        }
        return isUnified ? unifiedStatistics(CounterFiles(folder.path)) : versionOneStatistics()
    }

    // MARK: v1

    private func versionOneStatistics() -> CgroupStatistics {
        var result = CgroupStatistics()
        if let path = folder(of: "cpuacct")?.path { result.cpu.takeUsage(CounterFiles(path)) }
        if let path = folder(of: "cpu")?.path {
            let values = CounterFiles(path).values("cpu.stat")
            result.cpu.periods = values["nr_periods"] ?? 0
            result.cpu.throttledPeriods = values["nr_throttled"] ?? 0
            result.cpu.throttledTime = values["throttled_time"] ?? 0
        }
        if let path = folder(of: "cpuset")?.path { result.cpuset = .init(CounterFiles(path)) }
        if let path = folder(of: "memory")?.path { result.memory.takeVersionOne(CounterFiles(path)) }
        if let path = folder(of: "pids")?.path { result.pids = .init(CounterFiles(path)) }
        if let path = folder(of: "blkio")?.path { result.blockIO.counts = Self.blockCounts(CounterFiles(path)) }
        if let path = folder(of: "hugetlb")?.path {
            let files = CounterFiles(path)
            for size in files.pageSizes(suffix: ".usage_in_bytes") {
                result.hugepages[size] = files.versionOneCounter("hugetlb.\(size)")
            }
        }
        return result
    }

    /// The fullest set of counters that the scheduler of block devices keeps: bfq's, the old cfq's, or throttling's.
    private static func blockCounts(_ files: CounterFiles) -> [CgroupStatistics.BlockIO.Kind: [BlockEntry]] {
        typealias Kind = CgroupStatistics.BlockIO.Kind
        let few: [Kind] = [.operations, .bytes]
        let sets: [(prefix: String, suffix: String, kinds: [Kind])] = [
            ("blkio.bfq.", "_recursive", Kind.allCases), ("blkio.", "_recursive", Kind.allCases),
            ("blkio.throttle.", "_recursive", few), ("blkio.throttle.", "", few),
        ]
        for set in sets {
            var counts: [Kind: [BlockEntry]] = [:]
            for kind in set.kinds {
                let entries = files.blockEntries("\(set.prefix)\(kind.rawValue)\(set.suffix)")
                if !entries.isEmpty { counts[kind] = entries }
            }
            if !counts.isEmpty { return counts }
        }
        return [:]
    }

    // MARK: v2

    private func unifiedStatistics(_ files: CounterFiles) -> CgroupStatistics {
        var result = CgroupStatistics()
        let cpu = files.values("cpu.stat")
        result.cpu.total = (cpu["usage_usec"] ?? 0) &* 1000
        result.cpu.user = (cpu["user_usec"] ?? 0) &* 1000
        result.cpu.kernel = (cpu["system_usec"] ?? 0) &* 1000
        result.cpu.periods = cpu["nr_periods"] ?? 0
        result.cpu.throttledPeriods = cpu["nr_throttled"] ?? 0
        result.cpu.throttledTime = (cpu["throttled_usec"] ?? 0) &* 1000
        result.cpu.pressure = files.pressure("cpu.pressure")
        result.memory.takeUnified(files)
        result.pids = .init(files)
        result.blockIO.counts = files.unifiedBlockCounts()
        result.blockIO.pressure = files.pressure("io.pressure")
        for size in files.pageSizes(suffix: ".current") {
            var counter = files.unifiedCounter("hugetlb.\(size)")
            counter.limit = 0
            counter.failures = files.values("hugetlb.\(size).events")["max"] ?? 0
            result.hugepages[size] = counter
        }
        return result
    }
}

private typealias BlockEntry = CgroupStatistics.BlockIO.Entry

extension CgroupStatistics.CPU {
    fileprivate mutating func takeUsage(_ files: CounterFiles) {
        // cpuacct.stat counts in USER_HZ, 100 on every architecture that hako runs on.
        let tick: UInt64 = 10_000_000
        let values = files.values("cpuacct.stat")
        user = (values["user"] ?? 0) &* tick
        kernel = (values["system"] ?? 0) &* tick
        total = files.number("cpuacct.usage")
        perProcessor = files.text("cpuacct.usage_percpu").split(separator: " ").compactMap { UInt64($0) }
        for line in files.text("cpuacct.usage_all").split(separator: "\n").dropFirst() {
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            guard numbers.count == 3 else { continue }
            perProcessorUser.append(numbers[1])
            perProcessorKernel.append(numbers[2])
        }
    }
}

extension CgroupStatistics.Cpuset {
    /// The files' names without `cpuset.`, in the order that runc prints them.
    public static let flagNames = [
        "cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page",
        "memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level",
    ]

    fileprivate init(_ files: CounterFiles) {
        cpus = Self.list(files.text("cpuset.cpus"))
        mems = Self.list(files.text("cpuset.mems"))
        for name in Self.flagNames { flags[name] = Int64(files.text("cpuset.\(name)")) }
    }

    /// `0-2,7` as numbers.
    static func list(_ text: String) -> [UInt16] {
        text.split(separator: ",").flatMap { part -> [UInt16] in
            let ends = part.split(separator: "-").compactMap { UInt16($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }
}

extension CgroupStatistics.Memory {
    fileprivate mutating func takeVersionOne(_ files: CounterFiles) {
        raw = files.values("memory.stat")
        cache = raw["cache"] ?? 0
        usage = files.versionOneCounter("memory")
        swap = files.versionOneCounter("memory.memsw")
        kernel = files.versionOneCounter("memory.kmem")
        kernelTCP = files.versionOneCounter("memory.kmem.tcp")
        oomKills = files.values("memory.oom_control")["oom_kill"] ?? 0
    }

    fileprivate mutating func takeUnified(_ files: CounterFiles) {
        raw = files.values("memory.stat")
        cache = raw["file"] ?? 0
        usage = files.unifiedCounter("memory")
        // v1 counts swap together with memory, and so do those who read this.
        swap = files.unifiedCounter("memory.swap")
        swap.usage &+= usage.usage
        if swap.limit != .max { swap.limit &+= usage.limit }
        let events = files.values("memory.events")
        usage.failures = events["max"] ?? 0
        oomKills = events["oom_kill"] ?? 0
        pressure = files.pressure("memory.pressure")
    }
}

extension CgroupStatistics.Pids {
    fileprivate init(_ files: CounterFiles) {
        current = files.number("pids.current")
        // "max" is no number: 0.
        limit = files.number("pids.max")
    }
}
