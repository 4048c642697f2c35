internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// A blocking connection to a shim, for one thread at a time. A daemon with a loop of its own takes ``Frame``,
/// ``FrameDecoder`` and the messages instead.
public final class ShimClient {
    private let socket: Descriptor
    private var decoder = FrameDecoder()
    private var setAside: [Frame] = []
    private var setAsidePlace = 0
    private var lastID = 0

    /// Connects to the socket of a shim's folder.
    ///
    /// - Throws: `unavailable` (ECONNREFUSED) where the shim is gone, `notFound` where there never was one.
    public init(_ folder: ShimFolder) throws {
        let path = folder.socket
        socket = try attempt("connect to the shim") {
            Descriptor(owning: try check("connect", path) { cl_unix_connect(path) })
        }
    }

    /// The socket, to wait for with poll(2). Frames that are set aside make it no readable one.
    public var descriptor: Int32 { socket.rawValue }

    /// Asks and waits for the reply; other frames that arrive before it are kept for ``next()``.
    ///
    /// - Throws: what the shim answered where it refused; `unavailable` where it went away.
    @discardableResult
    public func call(_ request: ShimRequest) throws -> ShimReply {
        let id = try send(request)
        while true {
            guard let frame = try receive() else {
                throw RuntimeError(.unavailable, "shim \(request.verb): the connection ended before the reply")
            }
            guard frame.kind == .reply else {
                setAside.append(frame)
                continue
            }
            let reply = try ShimReply(frame.payload)
            guard reply.id == id else {
                setAside.append(frame)
                continue
            }
            if let error = reply.error { throw error }
            return reply
        }
    }

    /// Asks without waiting; returns the number that the reply will have.
    public func send(_ request: ShimRequest) throws -> Int {
        lastID += 1
        try send(Frame(.request, request.json(id: lastID)))
        return lastID
    }

    /// Sends a frame, as of input.
    public func send(_ frame: Frame) throws {
        let raw = socket.rawValue
        var rest = frame.bytes[...]
        while !rest.isEmpty {
            let count = try checkCount("send", "the shim") {
                rest.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            rest = rest.dropFirst(count)
        }
    }

    /// The next frame: one set aside by ``call(_:)``, else from the socket. nil at the end of the connection.
    public func next() throws -> Frame? {
        if setAsidePlace < setAside.count {
            setAsidePlace += 1
            return setAside[setAsidePlace - 1]
        }
        setAside.removeAll()
        setAsidePlace = 0
        return try receive()
    }

    private func receive() throws -> Frame? {
        while true {
            if let frame = try decoder.next() { return frame }
            let bytes = try socket.readSome(65536, "the shim")
            if bytes.isEmpty { return nil }
            decoder.append(bytes)
        }
    }
}
