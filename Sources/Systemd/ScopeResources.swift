public import Cgroups
internal import DBus
internal import Linux
internal import Support

/// The limits of a container as properties of its scope.
///
/// systemd writes its own idea of a unit's limits to the cgroup's files whenever it reloads its configuration. So it is
/// told all that it has a property for; the files themselves are written by `Cgroups` afterwards, with what systemd
/// has no property for.
public struct ScopeResources {
    private let resources: CgroupResources
    private let isUnified: Bool
    private let version: () throws -> Int
    private var properties: [UnitProperty] = []

    /// - Parameters:
    ///   - isUnified: cgroup v2 is all there is.
    ///   - version: systemd's version; asked for only where a property depends on it.
    public static func properties(
        _ resources: CgroupResources, isUnified: Bool, version: @escaping () throws -> Int
    ) throws -> [UnitProperty] {
        var scope = ScopeResources(resources: resources, isUnified: isUnified, version: version)
        try scope.addDevices()
        try scope.addMemory()
        try scope.addProcessors()
        if let limit = resources.taskLimit { scope.add("TasksMax", scope.limit(limit)) }
        scope.addBlockIO()
        if isUnified { try scope.addUnified() }
        return scope.properties
    }

    private init(resources: CgroupResources, isUnified: Bool, version: @escaping () throws -> Int) {
        (self.resources, self.isUnified, self.version) = (resources, isUnified, version)
    }

    /// Adds a property, or sets it anew: `unified` has the last word on v2.
    private mutating func add(_ name: String, _ value: DBusValue) {
        properties.removeAll { $0.name == name }
        properties.append(UnitProperty(name, value))
    }

    private func limit(_ value: Int64) -> DBusValue { value < 0 ? infinity : .uint64(UInt64(value)) }

    // MARK: Fields

    private mutating func addMemory() throws {
        let memory = resources.memory
        if let limit = memory.limit, limit != 0 { add(isUnified ? "MemoryMax" : "MemoryLimit", self.limit(limit)) }
        guard isUnified else { return }
        if let reservation = memory.reservation, reservation != 0 { add("MemoryLow", limit(reservation)) }
        if let swap = memory.effectiveSwap {
            // OCI's value counts memory too, systemd's swap alone.
            add("MemorySwapMax", swap < 0 ? infinity : limit(max(0, swap - (memory.limit ?? 0))))
        }
    }

    private mutating func addProcessors() throws {
        let cpu = resources.cpu
        if let shares = cpu.shares, shares != 0 {
            add(
                isUnified ? "CPUWeight" : "CPUShares",
                .uint64(isUnified ? CgroupPlan.weight(shares: shares) : shares))
        }
        if let idle = cpu.idle, isUnified { try addIdle(idle == 1, hasWeight: cpu.shares ?? 0 != 0) }
        try addQuota(cpu.quota ?? 0, period: cpu.period ?? 0)
        try addSet("AllowedCPUs", cpu.cpus, field: "cpu.cpus")
        try addSet("AllowedMemoryNodes", cpu.mems, field: "cpu.mems")
    }

    /// Weight 0 is SCHED_IDLE, since version 252.
    private mutating func addIdle(_ isIdle: Bool, hasWeight: Bool) throws {
        guard isIdle || !hasWeight, try version() >= 252 else { return }
        add("CPUWeight", .uint64(isIdle ? 0 : 100))
    }

    private mutating func addQuota(_ quota: Int64, period: UInt64) throws {
        if quota == 0 && period == 0 { return }
        if period != 0, try version() >= 242 { add("CPUQuotaPeriodUSec", .uint64(period)) }
        add("CPUQuotaPerSecUSec", quota > 0 ? .uint64(Self.timePerSecond(quota, period: period)) : infinity)
    }

    /// Microseconds in each second, rounded up to a whole percent, which is what systemd keeps in its files.
    private static func timePerSecond(_ quota: Int64, period: UInt64) -> UInt64 {
        let (product, overflows) = UInt64(quota).multipliedReportingOverflow(by: 1_000_000)
        if overflows { return .max }
        let time = product / (period == 0 ? 100_000 : period)
        return time > .max - 9_999 ? .max : (time + 9_999) / 10_000 * 10_000
    }

    private mutating func addSet(_ name: String, _ list: String?, field: String) throws {
        guard let list, !list.isEmpty, try version() >= 244 else { return }
        add(name, .bytes(try UnitBits.bytes(list, field: "linux.resources.\(field)")))
    }

    private mutating func addBlockIO() {
        guard let weight = resources.blockIO.weight, weight != 0 else { return }
        if isUnified {
            add("IOWeight", .uint64(CgroupPlan.ioWeight(weight)))
        } else {
            add("BlockIOWeight", .uint64(UInt64(weight)))
        }
    }

    // MARK: unified

    private static let limits = [
        "memory.high": "MemoryHigh", "memory.low": "MemoryLow", "memory.max": "MemoryMax", "memory.min": "MemoryMin",
        "memory.swap.max": "MemorySwapMax", "pids.max": "TasksMax",
    ]

    private mutating func addUnified() throws {
        for (file, value) in resources.unified.sorted(by: { $0.file < $1.file }) {
            let words = value.split { " \t\n".contains($0) }.map(String.init)
            let field = "linux.resources.unified.\(file)"
            switch file {
            case "cpu.max":
                let period = words.count == 2 ? try Self.number(words[1], field) : 0
                guard (1...2).contains(words.count) else { throw Self.refuse(value, field) }
                let quota = words[0] == "max" ? 0 : Int64(clamping: try Self.number(words[0], field))
                try addQuota(quota, period: quota == 0 && period == 0 ? 100_000 : period)
            case "cpu.weight": if resources.cpu.idle != 1 { add("CPUWeight", .uint64(try Self.number(value, field))) }
            case "cpu.idle": try addIdle(words == ["1"], hasWeight: true)
            case "cpuset.cpus": try addSet("AllowedCPUs", words.joined(), field: "unified.\(file)")
            case "cpuset.mems": try addSet("AllowedMemoryNodes", words.joined(), field: "unified.\(file)")
            case "io.weight":
                let isDefault = words.count == 1 || words.first == "default"
                if isDefault, let last = words.last { add("IOWeight", .uint64(try Self.number(last, field))) }
            default:
                guard let name = Self.limits[file], let word = words.first else { continue }
                let limit = word == "max" ? UInt64.max : try Self.number(word, field)
                // TasksMax 0 is refused; one task is the least that lives.
                add(name, .uint64(name == "TasksMax" ? max(1, limit) : limit))
            }
        }
    }

    private static func number(_ text: String, _ field: String) throws(RuntimeError) -> UInt64 {
        guard text.utf8.first != UInt8(ascii: "+"), let number = UInt64(text) else { throw refuse(text, field) }
        return number
    }

    private static func refuse(_ value: String, _ field: String) -> RuntimeError {
        RuntimeError(.invalidArgument, "\(field): \"\(value)\" is not of the form that the file has")
    }

    // MARK: Devices

    private mutating func addDevices() throws {
        guard !resources.devices.isEmpty else { return }
        let list = DeviceAllowList(resources.devices)
        let type = DBusType.structure([.string, .string])
        // On v2 systemd's program restricts beside ours, so it must never be narrower: where its list can't say what
        // the rules do it restricts nothing. On v1 it writes the same files, so it must never be wider.
        if list.allowsEverything || isUnified && !list.isExact {
            add("DevicePolicy", .string("auto"))
            properties.append(UnitProperty("DeviceAllow", .array(type, [])))
            return
        }
        add("DevicePolicy", .string("strict"))
        // The empty list takes back what an earlier one has allowed.
        properties.append(UnitProperty("DeviceAllow", .array(type, [])))
        let entries = list.entries.map { DBusValue.structure([.string($0.path), .string($0.access)]) }
        if !entries.isEmpty { properties.append(UnitProperty("DeviceAllow", .array(type, entries))) }
    }
}

extension CgroupResources {
    /// Gives the processors' quota the value that systemd keeps: whole percents of a processor. What is written to the
    /// cgroup's file then stays the same when systemd writes it again.
    public mutating func roundQuota() {
        guard let quota = cpu.quota, quota > 0 else { return }
        let period = Int64(clamping: cpu.period.flatMap { $0 == 0 ? nil : $0 } ?? 100_000)
        let (product, overflows) = quota.multipliedReportingOverflow(by: 100)
        if overflows { return }
        let percents = product / period + (product % period == 0 ? 0 : 1)
        let (rounded, isTooMuch) = percents.multipliedReportingOverflow(by: period)
        if !isTooMuch { cpu.quota = rounded / 100 }
    }
}

/// Sets of processors and memory nodes as systemd has them: bit n % 8 of byte n / 8.
enum UnitBits {
    static func bytes(_ list: String, field: String) throws(RuntimeError) -> [UInt8] {
        var bytes: [UInt8] = []
        for word in try ProcessorSet(list: list, field: field).words {
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
        }
        while bytes.last == 0 { bytes.removeLast() }
        return bytes
    }
}
