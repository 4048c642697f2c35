internal import Linux
internal import Support

/// What a group uses and has used; nil where the host does not count it.
public struct CgroupStatistics: Sendable, Equatable {
    /// Bytes in use, page cache included.
    public var memoryCurrent: UInt64?
    /// The highest number of bytes in use so far.
    public var memoryPeak: UInt64?
    /// The limit in bytes; nil also for none.
    public var memoryLimit: UInt64?
    /// How many processes the OOM killer has ended in this group.
    public var oomKills: UInt64?
    /// Processor time in nanoseconds.
    public var cpuUsage: UInt64?
    /// Tasks.
    public var pidsCurrent: UInt64?
    /// The limit of tasks; nil also for none.
    public var pidsLimit: UInt64?
}

extension Cgroup {
    /// Reads the counters. Files that are missing leave their value nil; a group that is gone is `notFound`.
    public func statistics() throws -> CgroupStatistics {
        var result = CgroupStatistics()
        if isUnified, let path = folders.first?.path {
            try attempt("read statistics of cgroup \(path)") { _ = try readSmall("\(path)/cgroup.events") }
            result.memoryCurrent = Self.number("\(path)/memory.current")
            result.memoryPeak = Self.number("\(path)/memory.peak")
            result.memoryLimit = Self.number("\(path)/memory.max")
            result.oomKills = Self.number("\(path)/memory.events", key: "oom_kill")
            result.cpuUsage = Self.number("\(path)/cpu.stat", key: "usage_usec").map { $0 &* 1000 }
            result.pidsCurrent = Self.number("\(path)/pids.current")
            result.pidsLimit = Self.number("\(path)/pids.max")
            return result
        }
        if let path = folder(of: "memory")?.path {
            try attempt("read statistics of cgroup \(path)") { _ = try readSmall("\(path)/memory.usage_in_bytes") }
            result.memoryCurrent = Self.number("\(path)/memory.usage_in_bytes")
            result.memoryPeak = Self.number("\(path)/memory.max_usage_in_bytes")
            // Without a limit v1 shows the highest number of whole pages.
            result.memoryLimit = Self.number("\(path)/memory.limit_in_bytes").flatMap { $0 > 1 << 62 ? nil : $0 }
            result.oomKills = Self.number("\(path)/memory.oom_control", key: "oom_kill")
        }
        if let path = folder(of: "cpuacct")?.path { result.cpuUsage = Self.number("\(path)/cpuacct.usage") }
        if let path = folder(of: "pids")?.path {
            result.pidsCurrent = Self.number("\(path)/pids.current")
            result.pidsLimit = Self.number("\(path)/pids.max")
        }
        return result
    }

    /// The number in a file, or behind a key on a line of its own; nil for `max` and for a missing file.
    private static func number(_ path: String, key: String? = nil) -> UInt64? {
        guard let text = try? readSmall(path) else { return nil }
        guard let key else { return UInt64(text) }
        for line in text.split(separator: "\n") where line.hasPrefix("\(key) ") {
            return UInt64(line.dropFirst(key.utf8.count + 1))
        }
        return nil
    }
}
