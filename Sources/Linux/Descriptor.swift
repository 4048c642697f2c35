internal import Glibc

/// An open file descriptor with one owner, closed when the owner goes.
///
/// Every descriptor hako opens is close-on-exec; ``setCloseOnExec(_:)`` is the one way out.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, valid while this value lives.
    public let rawValue: Int32

    /// Takes ownership of an open descriptor.
    public init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        close(rawValue)
    }

    /// Gives the number away: the caller closes it from now on.
    public consuming func release() -> Int32 {
        let raw = rawValue
        discard self
        return raw
    }

    /// A second descriptor for the same open file description, close-on-exec (fcntl F_DUPFD_CLOEXEC).
    public borrowing func duplicate() throws(SystemCallError) -> Descriptor {
        let raw = rawValue
        return Descriptor(owning: try check("fcntl", "F_DUPFD_CLOEXEC") { fcntl(raw, F_DUPFD_CLOEXEC, 3) })
    }

    /// Sets or clears FD_CLOEXEC.
    public borrowing func setCloseOnExec(_ on: Bool) throws(SystemCallError) {
        let raw = rawValue
        try check("fcntl", "F_SETFD") { fcntl(raw, F_SETFD, on ? FD_CLOEXEC : 0) }
    }

    /// Flushes data and metadata to the device (fsync).
    public borrowing func synchronize(_ subject: String = "") throws(SystemCallError) {
        let raw = rawValue
        try check("fsync", subject) { fsync(raw) }
    }

    /// Opens a path of the host, close-on-exec. For paths inside a container's root use ``RootDirectory``.
    ///
    /// - Parameters:
    ///   - flags: `O_*` as of open(2).
    ///   - mode: permission bits of a file that O_CREAT makes, under the umask.
    public static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try check("open", path) { Glibc.open(path, flags | O_CLOEXEC, mode) })
    }

    /// A pair of connected close-on-exec sockets (socketpair AF_UNIX) of a stream, or of packets that keep their ends.
    public static func socketPair(ofPackets: Bool = false) throws(SystemCallError) -> DescriptorPair {
        let type = ofPackets ? SOCK_SEQPACKET : SOCK_STREAM
        var pair: (Int32, Int32) = (-1, -1)
        try check("socketpair") {
            withUnsafeMutableBytes(of: &pair) { bytes in
                socketpair(
                    AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0,
                    bytes.bindMemory(to: Int32.self).baseAddress)
            }
        }
        return DescriptorPair(first: Descriptor(owning: pair.0), second: Descriptor(owning: pair.1))
    }
}

/// Two descriptors made together: the ends of a socket pair.
public struct DescriptorPair: ~Copyable {
    /// One end.
    public let first: Descriptor
    /// The other end.
    public let second: Descriptor

    /// Takes the pair apart; each end keeps its owner. Exactly one call, and it consumes the pair.
    public consuming func split(_ body: (consuming Descriptor, consuming Descriptor) throws -> Void) rethrows {
        try body(first, second)
    }
}

/// A descriptor shared by several owners, closed when the last one goes.
public final class SharedDescriptor: Sendable {
    private let descriptor: Descriptor

    /// Takes ownership.
    public init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// The number, valid while this object lives.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Lends the descriptor to `body`.
    public func withBorrowed<R>(_ body: (borrowing Descriptor) throws -> R) rethrows -> R { try body(descriptor) }

    /// A second descriptor for the same open file description, close-on-exec.
    public func duplicate() throws(SystemCallError) -> Descriptor { try descriptor.duplicate() }
}
