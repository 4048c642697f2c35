public import Cgroups
internal import DBus

extension UnitProperty {
    /// What every container's scope is, but for its limits: in a slice, with its cgroup left to the runtime and the
    /// container, and with everything counted.
    public static func scope(id: String, slice: SliceName, isUnified: Bool) -> [UnitProperty] {
        let counted = ["CPUAccounting", "MemoryAccounting", "TasksAccounting"]
        return [
            UnitProperty("Description", .string("hako container \(id)")),
            UnitProperty("Slice", .string(slice.unit)),
            UnitProperty("Delegate", .boolean(true)),
            UnitProperty("DefaultDependencies", .boolean(false)),
            // One that has failed would keep its name.
            UnitProperty("CollectMode", .string("inactive-or-failed")),
        ] + (counted + [isUnified ? "IOAccounting" : "BlockIOAccounting"]).map { UnitProperty($0, .boolean(true)) }
    }

    /// The processes that a new scope is made of.
    public static func processes(_ pids: [Int32]) -> UnitProperty {
        UnitProperty("PIDs", .array(.uint32, pids.map { .uint32(UInt32(bitPattern: $0)) }))
    }

    /// What happens when memory has run out, which can be said of a new scope only, since version 253; nil where the limits
    /// say nothing of it.
    public static func outOfMemoryPolicy(
        _ resources: CgroupResources, version: () throws -> Int
    ) throws -> UnitProperty? {
        let words = ["0": "continue", "1": "kill"]
        guard let group = resources.unified.first(where: { $0.file == "memory.oom.group" }),
            let word = words[group.value], try version() >= 253
        else { return nil }
        return UnitProperty("OOMPolicy", .string(word))
    }
}
