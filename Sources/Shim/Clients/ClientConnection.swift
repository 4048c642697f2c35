internal import CLinux
internal import Glibc
internal import Linux
internal import ShimProtocol
internal import Support

/// One client at the shim's socket. It never makes the shim wait: what its socket doesn't take is kept up to a bound.
final class ClientConnection: EventSource {
    /// Where its frames go.
    protocol Receiver: AnyObject {
        func receive(_ frame: Frame, from client: ClientConnection)
        func ended(_ client: ClientConnection)
    }

    /// The process it is attached to.
    var attached: SupervisedProcess?
    /// How.
    var attachment: AttachSettings?
    /// Whether it gets every event.
    var isSubscribed = false
    /// Whether the connection is over.
    private(set) var isClosed = false

    private let socket: SharedDescriptor
    private unowned let receiver: any Receiver
    private let scratch: Scratch
    private var decoder = FrameDecoder()
    private var outgoing = OutgoingBuffer()
    /// Nothing more is read of a client that takes no replies, or whose input the process doesn't take.
    private var isHeld: Bool {
        outgoing.isFull || (attachment?.input == true && attached?.inputIsFull == true)
    }

    init(_ socket: SharedDescriptor, _ receiver: any Receiver, _ scratch: Scratch) throws(SystemCallError) {
        try setNonblocking(socket.rawValue)
        self.socket = socket
        self.receiver = receiver
        self.scratch = scratch
    }

    var descriptor: Int32 { isClosed ? -1 : socket.rawValue }

    var interests: Int32 { (isHeld ? 0 : POLLIN) | (outgoing.count > 0 ? POLLOUT : 0) }

    func ready(_ events: Int32) {
        if events & POLLOUT != 0 { flush() }
        if !isClosed && events & (POLLIN | POLLHUP | POLLERR) != 0 { read() }
    }

    private func read() {
        switch scratch.read(socket.rawValue, { decoder.append($0) }) {
        case .later: return
        case .end: close()
        case .bytes:
            do {
                while !isClosed, let frame = try decoder.next() { receiver.receive(frame, from: self) }
            } catch {
                // The stream makes no sense from here on.
                close()
            }
        }
    }

    /// Sends a frame, or keeps it until the socket takes it.
    func send(_ kind: Frame.Kind, _ payload: UnsafeRawBufferPointer) {
        guard !isClosed else { return }
        outgoing.append(kind, payload)
        flush()
        if outgoing.isFull && attachment?.slow != .wait { close() }
    }

    /// See ``send(_:_:)-(_,UnsafeRawBufferPointer)``.
    func send(_ kind: Frame.Kind, _ payload: [UInt8] = []) {
        payload.withUnsafeBytes { send(kind, $0) }
    }

    /// Whether the process's output has to wait for this client.
    var stallsOutput: Bool { !isClosed && attachment?.slow == .wait && outgoing.isFull }

    private func flush() {
        var failed = false
        outgoing.flush { bytes in
            let count = Glibc.send(socket.rawValue, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            failed = count < 0 && errno != EAGAIN && errno != EINTR
            return count
        }
        if failed { close() }
    }

    /// Ends the connection; the descriptor goes with the object.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        shutdown(socket.rawValue, Int32(SHUT_RDWR))
        receiver.ended(self)
    }
}
