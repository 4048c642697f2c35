internal import Linux
internal import NIOCore
internal import NIOHTTP1
internal import Support

/// A request and its answer, as the thread sees them that serves it. Calls block that thread; never call from the event loop.
final class Exchange: Sendable {
    let request: Request
    /// The request's body as it arrives.
    let body: ByteQueue
    private let connection: Connection
    private let limits: ServerLimits
    private let state = Monitor(State())

    private struct State {
        var hasBegun = false
        var isChunked = false
        var isRaw = false
        var hasEnded = false
        var isClosed = false
        var closeActions: [@Sendable () -> Void] = []
    }

    /// What an exchange needs of its connection.
    struct Connection: Sendable {
        let channel: any Channel
        /// Makes the connection raw; called on no event loop.
        let hijack: @Sendable () throws -> ByteQueue
    }

    init(_ request: Request, body: ByteQueue, connection: Connection, limits: ServerLimits) {
        self.request = request
        self.body = body
        self.connection = connection
        self.limits = limits
    }

    // MARK: The request

    /// The whole body.
    ///
    /// - Throws: ``APIError`` 413 where it is longer than a document may be.
    func document() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let part = try body.next() {
            bytes += part
            if bytes.count > limits.documentBytes {
                throw APIError(413, "the request's body is longer than \(limits.documentBytes) bytes")
            }
        }
        return bytes
    }

    /// Whether the client is gone.
    var isClosed: Bool { state.update { $0.isClosed } }

    /// Has `action` done when the client goes away, at once where it is gone.
    func onClose(_ action: @escaping @Sendable () -> Void) {
        let isClosed = state.update { state in
            if !state.isClosed { state.closeActions.append(action) }
            return state.isClosed
        }
        if isClosed { action() }
    }

    /// Tells that the client is gone; from the event loop.
    func close() {
        let actions = state.update { state in
            state.isClosed = true
            defer { state.closeActions = [] }
            return state.closeActions
        }
        actions.forEach { $0() }
    }

    // MARK: The answer

    /// Whether anything of the answer has been sent.
    var hasBegun: Bool { state.update { $0.hasBegun } }

    /// Whether the connection has become a raw stream.
    var isRaw: Bool { state.update { $0.isRaw } }

    /// Sends a whole answer.
    func respond(_ status: Int, type: String = "application/json", _ bytes: [UInt8], headers: [(String, String)] = [])
        throws
    {
        var fields = headers
        if !bytes.isEmpty { fields.append(("Content-Type", type)) }
        if status != 204 && status != 304 { fields.append(("Content-Length", "\(bytes.count)")) }
        state.update { state in (state.hasBegun, state.hasEnded) = (true, true) }
        let head = ResponseHead.text(status, fields)
        try send(request.method == "HEAD" ? head : head + bytes)
    }

    /// Sends the head of an answer whose body comes in parts; ``end()`` ends it.
    func begin(_ status: Int = 200, type: String, headers: [(String, String)] = []) throws {
        let isChunked = request.understandsChunks
        state.update { state in (state.hasBegun, state.isChunked) = (true, isChunked) }
        let framing = isChunked ? ("Transfer-Encoding", "chunked") : ("Connection", "close")
        try send(ResponseHead.text(status, headers + [("Content-Type", type), framing]))
    }

    /// Sends a part of the body; waits while the client does not read.
    func write(_ bytes: [UInt8]) throws {
        if bytes.isEmpty || request.method == "HEAD" { return }
        guard state.update({ $0.isChunked }) else { return try send(bytes) }
        try send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [0x0d, 0x0a])
    }

    /// Ends an answer that was begun; one that was sent whole is ended already.
    func end() throws {
        let isChunked = state.update { state in
            defer { state.hasEnded = true }
            return state.isChunked && !state.hasEnded
        }
        if isChunked && request.method != "HEAD" { try send(Array("0\r\n\r\n".utf8)) }
    }

    /// Turns the connection into a raw stream, as attach and exec do, and tells the client so.
    func hijack(multiplexed: Bool) throws -> RawConnection {
        let kind = multiplexed ? "multiplexed" : "raw"
        let type = "application/vnd.docker.\(kind)-stream"
        let input = try connection.hijack()
        state.update { state in (state.hasBegun, state.isRaw) = (true, true) }
        // Before 1.42 clients knew one type only; they ignore it.
        let head =
            request.wantsUpgrade
            ? "HTTP/1.1 101 UPGRADED\r\nContent-Type: \(type)\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
            : "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n\r\n"
        try send(Array(head.utf8))
        return RawConnection(input: input, channel: connection.channel)
    }

    private func send(_ bytes: [UInt8]) throws {
        try connection.channel.sendWaiting(bytes)
    }
}

/// A connection that has become a stream of bytes both ways.
final class RawConnection: Sendable {
    /// What the client sends; ends when the client shuts its side down.
    let input: ByteQueue
    private let channel: any Channel

    init(input: ByteQueue, channel: any Channel) {
        self.input = input
        self.channel = channel
    }

    /// Sends bytes; waits while the client does not read.
    func write(_ bytes: [UInt8]) throws {
        if !bytes.isEmpty { try channel.sendWaiting(bytes) }
    }

    /// Closes the connection.
    func close() {
        input.finish()
        channel.close(promise: nil)
    }
}

extension Channel {
    /// Writes bytes and waits until the kernel has them.
    fileprivate func sendWaiting(_ bytes: [UInt8]) throws {
        var buffer = allocator.buffer(capacity: bytes.count)
        buffer.writeBytes(bytes)
        do { try writeAndFlush(buffer).wait() } catch { throw ConnectionClosed() }
    }
}
