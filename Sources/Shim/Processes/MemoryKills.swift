internal import Linux

/// The counter of processes of a cgroup that the kernel killed for want of memory.
struct MemoryKills {
    private let path: String

    /// The counter of the cgroup that a process is in; nil where memory is not counted.
    init?(of pid: Int32) {
        guard let text = try? readText("/proc/\(pid)/cgroup") else { return nil }
        var unified: String?
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[1].split(separator: ",").contains("memory") {
                path = "/sys/fs/cgroup/memory\(parts[2])/memory.oom_control"
                return
            }
            if parts[0] == "0" { unified = "/sys/fs/cgroup\(parts[2])/memory.events" }
        }
        guard let unified else { return nil }
        path = unified
    }

    /// Whether it counted any. False too where the cgroup is gone already.
    var haveHappened: Bool {
        let lines = (try? readText(path))?.split(separator: "\n") ?? []
        return lines.contains { $0.hasPrefix("oom_kill ") && $0 != "oom_kill 0" }
    }
}
