internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import Support

/// The conversation between the runtime and the process it is setting up, over one socket.
///
/// ```
/// runtime                         process
///   clone ───────────────────────▶ enters its cgroup (waits for .mapped in a new user namespace)
///   .mapped ─────────────────────▶ builds the root …
///   createRuntime hooks              … at the same time
///   .hooked ─────────────────────▶ createContainer hooks, pivot_root
///        ◀───────────────── .ready
///   writes the record
///   .go ─────────────────────────▶ waits at the start socket, or executes
///        ◀─────── a listener's offer, where the filter notifies (`ListenerOffer`)
///        ◀──────────── .failed + text, or the end of the stream at exec
/// ```
/// Either side's death is an end of stream for the other, which then gives up.
struct SyncChannel: ~Copyable {
    enum Message: UInt8 {
        case mapped = 1, hooked, ready, go, failed
    }

    private let socket: Descriptor

    init(_ socket: consuming Descriptor) {
        self.socket = socket
    }

    var rawValue: Int32 { socket.rawValue }

    /// Sends a message; where the other side has died meanwhile, what it had to say is thrown.
    func send(_ message: Message) throws {
        var byte = message.rawValue
        let raw = socket.rawValue
        do throws(SystemCallError) {
            try checkCount("send", "sync") { Glibc.send(raw, &byte, 1, Int32(MSG_NOSIGNAL)) }
        } catch {
            guard error.errno == EPIPE || error.errno == ECONNRESET else { throw error }
            try expect(message)
        }
    }

    /// Waits for a message; the end of the stream means that the other side has died.
    func expect(_ message: Message) throws {
        let bytes = try receive(1)
        if bytes.first == message.rawValue { return }
        if bytes.first == Message.failed.rawValue { throw try readFailure() }
        throw LostProcess()
    }

    /// Throws what the other side has failed with, where it has said so already; waits for nothing.
    func throwFailure() throws {
        var byte: UInt8 = 0
        let peeked = recv(socket.rawValue, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        if peeked == 1, byte == Message.failed.rawValue { try expect(.ready) }
    }

    /// Waits for the end of the stream, which exec brings; a failure message is thrown, a listener passed on.
    ///
    /// - Parameters:
    ///   - pid: the process on the other side, as this one sees it.
    ///   - state: the container's state for the agent of its filter's notifications, where it has one.
    func expectEnd(of pid: Int32, state: () -> ContainerState) throws {
        while true {
            switch try ListenerOffer.next(from: socket) {
            case .end: return
            case .offer(let offer): try offer.deliver(pid, state(), answering: socket)
            case .other(Message.failed.rawValue): throw try readFailure()
            case .other(let byte): throw RuntimeError(.internal, "unexpected message \(byte)")
            }
        }
    }

    func sendFailure(_ error: any Error) {
        try? socket.writeAll([Message.failed.rawValue] + LaunchFailure.encode(error), "sync")
    }

    private func readFailure() throws -> RuntimeError {
        var text: [UInt8] = []
        while text.count < 65536 {
            let part = try receive(65536 - text.count)
            if part.isEmpty { break }
            text += part
        }
        return LaunchFailure.decode(text)
    }

    /// Reads what is there; none at the end of the stream. A side that ends with a message unread resets the stream,
    /// which is no other end than that.
    private func receive(_ limit: Int) throws(SystemCallError) -> [UInt8] {
        do throws(SystemCallError) {
            return try socket.readSome(limit, "sync")
        } catch {
            if error.errno == ECONNRESET { return [] }
            throw error
        }
    }
}
