internal import CLinux
internal import Glibc

/// A process named so that a later one with the same number is not mistaken for it: its pid and its start time.
public struct ProcessIdentity: Sendable, Hashable {
    /// The pid in the caller's pid namespace.
    public let pid: Int32
    /// Clock ticks after boot when it started (field 22 of /proc/PID/stat, proc(5)).
    public let startTime: UInt64

    /// Gives both.
    public init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// The identity of a running process.
    public init(of pid: Int32) throws(SystemCallError) {
        self.init(pid: pid, startTime: try Self.status(of: pid).startTime)
    }

    /// True while this very process runs; a zombie does not.
    public var isAlive: Bool { state != nil }

    /// The letter of the process's state (proc_pid_stat(5)), such as `R` or `S`; nil when it has gone or is a zombie.
    public var state: UInt8? {
        guard let now = try? Self.status(of: pid), now.startTime == startTime else { return nil }
        return now.state == UInt8(ascii: "Z") || now.state == UInt8(ascii: "X") ? nil : now.state
    }

    /// Sends a signal through a pidfd that was checked to be this process; ESRCH when it has gone.
    public func send(_ signal: Int32) throws(SystemCallError) {
        let pidfd = Descriptor(owning: try check("pidfd_open", "\(pid)") { cl_pidfd_open(pid, 0) })
        guard isAlive else { throw SystemCallError("pidfd_send_signal", errno: ESRCH, subject: "\(pid)") }
        let raw = pidfd.rawValue
        try check("pidfd_send_signal", "\(pid)") { cl_pidfd_send_signal(raw, signal) }
    }

    /// Waits until the process has gone; false when `milliseconds` pass first.
    public func waitForExit(milliseconds: Int32) throws(SystemCallError) -> Bool {
        let opened = cl_pidfd_open(pid, 0)
        if opened < 0 && errno == ESRCH { return true }
        let pidfd = Descriptor(owning: try check("pidfd_open", "\(pid)") { opened })
        guard isAlive else { return true }
        var entry = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
        return try check("poll") { poll(&entry, 1, milliseconds) } > 0
    }

    private static func status(of pid: Int32) throws(SystemCallError) -> (state: UInt8, startTime: UInt64) {
        let path = "/proc/\(pid)/stat"
        let bytes = try Descriptor.open(path, O_RDONLY).readSome(4096, path)
        // The name in parentheses may hold anything; the fields count from the last one.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")), bytes.count > end + 2 else {
            return (UInt8(ascii: "X"), 0)
        }
        var start: UInt64 = 0
        var field = 2
        for byte in bytes[(end + 1)...] {
            if byte == UInt8(ascii: " ") { field += 1 } else if field > 22 { break }
            guard field == 22, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { continue }
            start = start &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
        }
        return field < 22 ? (UInt8(ascii: "X"), 0) : (bytes[end + 2], start)
    }
}
