internal import OCISpec

/// The cgroup limits of a container.
enum ResourceLimits {
    /// The period of processor quotas, in microseconds.
    static let period: UInt64 = 100_000

    static func resources(_ limits: ContainerSpecification.Limits, host: HostFacts) -> RuntimeConfiguration.Resources {
        var resources = RuntimeConfiguration.Resources()
        resources.memory = memory(limits, host: host)
        resources.cpu = cpu(limits)
        if let pids = limits.pids { resources.pids = .init(limit: pids > 0 ? pids : -1) }
        return resources
    }

    private static func memory(
        _ limits: ContainerSpecification.Limits, host: HostFacts
    ) -> RuntimeConfiguration.Resources.Memory? {
        guard limits.memory != nil || limits.memoryReservation != nil || limits.memorySwap != nil else { return nil }
        var memory = RuntimeConfiguration.Resources.Memory()
        memory.limit = limits.memory
        memory.reservation = limits.memoryReservation
        // Where the kernel does not account for swap the limit of memory alone must do.
        if host.countsSwap { memory.swap = limits.memorySwap ?? limits.memory.map { $0 * 2 } }
        return memory
    }

    private static func cpu(_ limits: ContainerSpecification.Limits) -> RuntimeConfiguration.Resources.CPU? {
        var cpu = RuntimeConfiguration.Resources.CPU()
        if let thousandths = limits.milliCPUs {
            cpu.period = period
            cpu.quota = thousandths * Int64(period) / 1000
        }
        cpu.shares = limits.cpuShares
        cpu.cpus = limits.cpus
        cpu.mems = limits.memoryNodes
        return cpu == .init() ? nil : cpu
    }
}
