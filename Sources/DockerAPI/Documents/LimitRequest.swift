internal import ContainerService
internal import JSON

/// The limits in a `HostConfig`.
struct LimitRequest {
    private let host: JSONValue

    init(_ host: JSONValue) { self.host = host }

    /// Limits of the cgroup; 0 is none, as everywhere in the Engine API.
    func limits() throws -> ContainerSpecification.Limits {
        var limits = ContainerSpecification.Limits()
        limits.memory = try number("Memory")
        limits.memorySwap = try number("MemorySwap")
        limits.memoryReservation = try number("MemoryReservation")
        limits.milliCPUs = try number("NanoCpus").map { ($0 + 999_999) / 1_000_000 }
        if let quota = try number("CpuQuota"), quota > 0 {
            let period = try number("CpuPeriod") ?? 100_000
            limits.milliCPUs = (quota * 1000 + period - 1) / period
        }
        limits.cpuShares = try number("CpuShares").map { UInt64(max(2, $0)) }
        limits.cpus = host["CpusetCpus"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        limits.memoryNodes = host["CpusetMems"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        limits.pids = try number("PidsLimit").flatMap { $0 > 0 ? $0 : nil }
        return limits
    }

    /// Limits of each process.
    func resourceLimits() throws -> [ContainerSpecification.ResourceLimit] {
        try (host["Ulimits"]?.items ?? []).map { limit in
            guard let name = limit["Name"]?.text else { throw APIError(400, "Ulimits: a name is missing") }
            return .init(name: name, soft: Self.bound(limit["Soft"]), hard: Self.bound(limit["Hard"]))
        }
    }

    /// -1 is no limit.
    private static func bound(_ value: JSONValue?) -> UInt64 {
        UInt64(bitPattern: value?.number(Int64.self) ?? 0)
    }

    private func number(_ name: String) throws -> Int64? {
        switch host[name] {
        case nil, .null?: return nil
        case let value?:
            guard let number = value.number(Int64.self) else { throw APIError(400, "\(name): not an integer") }
            return number == 0 ? nil : number
        }
    }
}
