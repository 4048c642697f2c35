internal import Support

/// The writes that put limits into force, decided without touching anything.
public struct CgroupPlan: Sendable, Equatable {
    /// The writes, in order.
    public internal(set) var writes: [CgroupWrite] = []
    /// The rules for a device program (v2); empty for none. On v1 they are among the writes.
    public internal(set) var deviceRules: [CgroupDeviceRule] = []
    /// The limits that must be above the present use (v2 with checkBeforeUpdate; v1's kernel checks itself).
    public internal(set) var checkedLimits = CheckedLimits()

    /// Limits in bytes that are compared with the memory in use before anything is written.
    public struct CheckedLimits: Sendable, Equatable {
        /// Of memory.
        public internal(set) var memory: Int64?
        /// Of memory and swap together.
        public internal(set) var memoryAndSwap: Int64?
    }

    /// Plans `resources` for a layout.
    ///
    /// - Throws: ``RuntimeError`` `unsupported` or `invalidArgument`, naming the field that this version of cgroups
    ///   can't honour or whose value is out of range.
    public init(_ resources: CgroupResources, unified: Bool) throws {
        try resources.validate()
        if unified {
            try addUnified(resources)
        } else {
            try addVersionOne(resources)
        }
    }

    mutating func add(
        _ controller: String, _ file: String, _ value: String, _ field: String,
        alternative: CgroupWrite.Alternative? = nil, mayBeMissing: Bool = false
    ) {
        writes.append(
            CgroupWrite(
                controller, file, value, field: "linux.resources.\(field)", alternative: alternative,
                mayBeMissing: mayBeMissing))
    }

    static func unsupported(_ field: String, _ why: String) -> RuntimeError {
        RuntimeError(.unsupported, "linux.resources.\(field): \(why)")
    }
}

extension CgroupResources {
    /// Checks what does not depend on the version of cgroups.
    func validate() throws {
        func refuse(_ field: String, _ why: String) -> RuntimeError {
            RuntimeError(.invalidArgument, "linux.resources.\(field): \(why)")
        }
        if let swappiness = memory.swappiness, swappiness > 100 {
            throw refuse("memory.swappiness", "\(swappiness) is above 100")
        }
        if let swap = memory.swap, let limit = memory.limit, swap > 0, swap < limit {
            throw refuse("memory.swap", "\(swap) is below memory.limit \(limit)")
        }
        for (field, weight) in blockIO.weights where weight != 0 && !(10...1000).contains(weight) {
            throw refuse("blockIO.\(field)", "\(weight) is not within 10 to 1000")
        }
        for (name, list) in [("cpus", cpu.cpus), ("mems", cpu.mems)] {
            guard let list else { continue }
            if !list.utf8.allSatisfy({ (48...57).contains($0) || $0 == 44 || $0 == 45 }) {
                throw refuse("cpu.\(name)", "\"\(list)\" is no list such as 0-3,7")
            }
        }
        for limit in hugepageLimits where limit.pageSize.contains("/") || limit.pageSize.isEmpty {
            throw refuse("hugepageLimits", "\"\(limit.pageSize)\" is no page size")
        }
        for limit in rdma where limit.device.contains("\n") || limit.device.contains(" ") {
            throw refuse("rdma", "\"\(limit.device)\" is no device")
        }
        for rule in devices where rule.accessBits == 0 && rule.kind != .all {
            throw refuse("devices", "access \"\(rule.access)\" has none of rwm")
        }
    }
}

extension CgroupResources.BlockIO {
    /// Every weight that is given, with its field.
    fileprivate var weights: [(field: String, weight: UInt16)] {
        let whole = [("weight", weight), ("leafWeight", leafWeight)]
        let devices = weightDevice.flatMap { [("weightDevice", $0.weight), ("weightDevice", $0.leafWeight)] }
        return (whole + devices).compactMap { field, weight in weight.map { (field, $0) } }
    }
}
