internal import CLinux
internal import Glibc
public import Linux
public import OCISpec
internal import Support

/// A filter's notification descriptor on its way from the container's process to the agent at
/// `linux.seccomp.listenerPath` (config-linux.md, Seccomp).
///
/// The process, whose filter is in force already, only writes where the descriptor is and waits; the runtime takes a
/// copy of it (pidfd_getfd(2)) and brings it to the agent. So a profile must let the process write, and nothing else.
/// A runtime without CAP_SYS_PTRACE is sent the descriptor instead, and the profile must let sendmsg pass too.
public struct ListenerOffer {
    /// The byte that an offer starts with, where a failure's code or the end of the stream could come too.
    private static let mark: UInt8 = 0xff
    private static let longest: UInt32 = 16 << 20

    /// The descriptor's number in the process.
    private let descriptor: Int32
    /// The descriptor itself, where the process sent it.
    private let carried: SharedDescriptor?
    /// The agent's socket.
    private let path: String
    /// What the agent gets along with it; nil where the configuration has none.
    private let metadata: String?

    /// An offer of a descriptor that is yet to come.
    public init(path: String, metadata: String?) {
        (descriptor, carried, self.path, self.metadata) = (-1, nil, path, metadata)
    }

    /// The offer's bytes; the descriptor's number is patched in by ``send(_:descriptor:over:inPerson:)``.
    public var bytes: [UInt8] {
        let (path, metadata) = (Array(path.utf8), metadata.map { Array($0.utf8) })
        var bytes = [Self.mark]
        for number in [UInt32(bitPattern: descriptor), UInt32(path.count), UInt32(metadata?.count ?? 0)] {
            for shift in [UInt32(0), 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
        }
        bytes.append(metadata == nil ? 0 : 1)
        return bytes + path + (metadata ?? [])
    }

    /// Writes prepared bytes and waits until the runtime has passed the descriptor on. Allocates nothing: the filter
    /// that is in force may refuse any call but write and read.
    ///
    /// - Parameter inPerson: send the descriptor too.
    public static func send(
        _ bytes: inout [UInt8], descriptor: Int32, over socket: Int32, inPerson: Bool
    ) throws(SystemCallError) {
        for place in 0..<4 { bytes[1 + place] = UInt8(truncatingIfNeeded: descriptor >> (8 * Int32(place))) }
        var sent = 0
        if inPerson { sent = try checkCount("sendmsg", "sync") { cl_send_descriptor(socket, descriptor, bytes, 1) } }
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { write(socket, $0.baseAddress?.advanced(by: sent), $0.count - sent) }
            if count < 0 && errno != EINTR { throw SystemCallError("write", errno: errno, subject: "sync") }
            sent += max(count, 0)
        }
        var answer: UInt8 = 0
        // The end of the stream: the runtime could not deliver, and says so itself.
        guard Glibc.read(socket, &answer, 1) == 1 else {
            throw SystemCallError("read", errno: ECANCELED, subject: "sync")
        }
    }

    /// Reads the rest of an offer whose mark was read.
    fileprivate init(from socket: borrowing Descriptor, carried: SharedDescriptor?) throws {
        let header = try Self.read(13, socket)
        let (pathLength, metadataLength) = (Self.number(header[4..<8]), Self.number(header[8..<12]))
        guard pathLength <= Self.longest, metadataLength <= Self.longest else {
            throw RuntimeError(.internal, "an offer of a seccomp listener that is too long")
        }
        path = String(decoding: try Self.read(Int(pathLength), socket), as: UTF8.self)
        let text = String(decoding: try Self.read(Int(metadataLength), socket), as: UTF8.self)
        metadata = header[12] == 0 ? nil : text
        descriptor = Int32(bitPattern: Self.number(header[0..<4]))
        self.carried = carried
    }

    /// Four bytes, the lowest first.
    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var value: UInt32 = 0
        for byte in bytes.reversed() { value = value << 8 | UInt32(byte) }
        return value
    }

    private static func read(_ count: Int, _ socket: borrowing Descriptor) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let part = try socket.readSome(count - all.count, "sync")
            if part.isEmpty { throw RuntimeError(.internal, "the container's process died while it was set up") }
            all += part
        }
        return all
    }

    /// Takes the process's descriptor and sends it to the agent with the specification's document, then lets the process
    /// go on.
    ///
    /// - Parameters:
    ///   - state: the container's state; its pid names the process.
    ///   - socket: where the process waits.
    public func deliver(_ pid: Int32, _ state: ContainerState, answering socket: borrowing Descriptor) throws {
        try attempt("linux.seccomp.listenerPath \(path)") { try bring(pid, state) }
        try socket.writeAll([1], "sync")
    }
}

extension ListenerOffer {
    private func bring(_ pid: Int32, _ state: ContainerState) throws {
        let listener = try carried ?? SharedDescriptor(taken(from: pid))
        let agent = Descriptor(owning: try check("connect", path) { cl_unix_connect(path) })
        let text = ContainerProcessState(pid: pid, metadata: metadata, state: state).json()
        let (target, copy) = (agent.rawValue, listener.rawValue)
        let count = try checkCount("sendmsg", path) { cl_send_descriptor(target, copy, text, text.count) }
        try agent.writeAll(text[count...], path)
    }

    private func taken(from pid: Int32) throws(SystemCallError) -> Descriptor {
        let process = Descriptor(owning: try check("pidfd_open", "\(pid)") { cl_pidfd_open(pid, 0) })
        let (pidfd, number) = (process.rawValue, descriptor)
        return Descriptor(owning: try check("pidfd_getfd", "\(pid)") { cl_pidfd_getfd(pidfd, number) })
    }
}

extension ListenerOffer {
    /// What can come from a process that is about to execute its program.
    public enum Word {
        /// A listener to be delivered; more follows.
        case offer(ListenerOffer)
        /// Some other byte.
        case other(UInt8)
        /// The end of the stream: it has executed, or died.
        case end
    }

    /// Waits for the next word. A side that ends with a word unread resets the stream, which is no other end than that.
    public static func next(from socket: borrowing Descriptor) throws -> Word {
        let raw = socket.rawValue
        var (first, carried): (UInt8, Int32) = (0, -1)
        let outcome = Result { () throws(SystemCallError) in
            try checkCount("recvmsg", "sync") { cl_receive_descriptor(raw, &carried, &first, 1) }
        }
        if case .failure(let failure) = outcome, failure.errno == ECONNRESET { return .end }
        let count = try outcome.get()
        let descriptor = carried < 0 ? nil : SharedDescriptor(Descriptor(owning: carried))
        if count == 0 { return .end }
        return first == mark ? .offer(try ListenerOffer(from: socket, carried: descriptor)) : .other(first)
    }
}

/// Waits until a process that has been told to go on executes its program: the end of the stream.
///
/// - Parameters:
///   - pid: the process as the caller sees it.
///   - socket: what the process closes by executing.
///   - state: the container's state, for a seccomp agent; asked for only where there is one.
/// - Throws: why the process did not execute, in its own words.
public func awaitExecution(
    of pid: Int32, over socket: borrowing Descriptor, state: () -> ContainerState
) throws {
    while true {
        switch try ListenerOffer.next(from: socket) {
        case .end: return
        case .offer(let offer): try offer.deliver(pid, state(), answering: socket)
        case .other(let first):
            let rest = try socket.readAll(limit: 65536, "sync")
            throw LaunchFailure.decode([first] + rest)
        }
    }
}
