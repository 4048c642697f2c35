internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// Tells when the kernel has run out of a group's memory: v1's oom_control by an eventfd, v2's memory.events.
public struct OutOfMemoryWatch: ~Copyable {
    /// Becomes ready for ``pollEvents`` when there may be something to ``take()``.
    public let descriptor: Descriptor
    /// What to ask poll(2) for.
    public let pollEvents: Int16
    /// v1: the file whose end is told through the eventfd too. v2: nil.
    private let control: String?
    private var seen: UInt64

    /// Starts to watch; what was before does not count.
    ///
    /// - Throws: ``RuntimeError`` `unsupported` without a memory controller.
    public init(_ group: Cgroup) throws {
        guard let folder = group.folder(of: "memory")?.path else {
            throw RuntimeError(.unsupported, "this host has no cgroup controller memory")
        }
        let isUnified = group.isUnified
        let opened = try attempt("watch memory of cgroup \(folder)") {
            isUnified ? try Descriptor.open("\(folder)/memory.events", O_RDONLY) : try Self.register(folder)
        }
        seen = isUnified ? try Self.count(opened.rawValue) : 0
        control = isUnified ? nil : "\(folder)/cgroup.event_control"
        pollEvents = Int16(isUnified ? POLLPRI : POLLIN)
        descriptor = opened
    }

    private static func register(_ folder: String) throws(SystemCallError) -> Descriptor {
        let events = Descriptor(owning: try check("eventfd") { cl_eventfd(0) })
        let oom = try Descriptor.open("\(folder)/memory.oom_control", O_RDONLY)
        try writeText("\(events.rawValue) \(oom.rawValue)", to: "\(folder)/cgroup.event_control")
        return events
    }

    /// How often memory has run out since the last call. Call it when poll(2) says so: v1 waits otherwise.
    public mutating func take() throws -> UInt64 {
        guard let control else {
            let now = try Self.count(descriptor.rawValue)
            defer { seen = now }
            return now >= seen ? now - seen : 0
        }
        let bytes = try descriptor.readSome(8, control)
        // The removal of the group is an event too.
        guard bytes.count == 8, access(control, F_OK) == 0 else { return 0 }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// oom_kill of memory.events, read anew: that arms the next event.
    private static func count(_ raw: Int32) throws(SystemCallError) -> UInt64 {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = try checkCount("pread", "memory.events") { pread(raw, &bytes, 1024, 0) }
        let text = String(decoding: bytes.prefix(count), as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("oom_kill ") {
            return UInt64(line.dropFirst("oom_kill ".utf8.count)) ?? 0
        }
        return 0
    }
}
