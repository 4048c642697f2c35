internal import Linux
internal import NIOCore
internal import NIOHTTP1

/// The HTTP side of a connection, on its event loop: takes requests one after the other and has each served by a thread.
final class RequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart

    /// Serves an exchange on the calling thread, to its end.
    typealias Service = @Sendable (Exchange) -> Void

    private let gate: Gate
    private let limits: ServerLimits
    private let serve: Service
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    /// Where the body goes while it comes; nil behind its end.
    private var body: ByteQueue?
    private var isStarted = false
    private var keepsAlive = true
    private var timer: Scheduled<Void>?
    /// Bytes since the last request, before the head of the next is whole.
    private var headBytes = 0

    init(gate: Gate, limits: ServerLimits, serve: @escaping Service) {
        self.gate = gate
        self.limits = limits
        self.serve = serve
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        gate.onBytes = { [weak self] count in self?.sawBytes(count) }
        gate.onHeldEnd = { [weak self] in
            // A client that asks for a raw stream may have nothing to send on it.
            if self?.exchange?.request.wantsUpgrade != true { self?.clientLeft() }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        (gate.onBytes, gate.onHeldEnd) = (nil, nil)
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        expect(within: limits.idleSeconds)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let buffer):
            guard let body else { return }
            expect(within: limits.requestSeconds)
            if !body.push(Array(buffer.readableBytesView)) { timer?.cancel() }
        case .end: finishBody(context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Behind a request's end the gate holds what comes; one read more tells of the client's going.
        if exchange == nil || body == nil || body?.hasRoom == true { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            clientLeft()
            if exchange == nil { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        clientLeft()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard exchange == nil else { return clientLeft() }
        // What the parser refuses: answered once, then there is nothing more to read.
        let refusal = error is HTTPParserError ? "malformed HTTP request: \(error)" : "\(error)"
        refuse(400, refusal, context)
    }

    // MARK: Requests

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard exchange == nil else {
            // A request that was sent before the answer to the last: the client sends it again on another connection.
            keepsAlive = false
            return
        }
        let request: Request
        do { request = try Request(head) } catch {
            return refuse(400, "\(error)", context)
        }
        keepsAlive = head.isKeepAlive
        headBytes = 0
        let loop = context.eventLoop
        let channel = context.channel
        // SAFETY: used on the event loop only, which is where it lives.
        let here = NIOLoopBound(self, eventLoop: loop)
        let body = ByteQueue(limit: limits.bufferedBytes) { loop.execute { here.value.resumeReading() } }
        let connection = Exchange.Connection(channel: channel) { [limits] in
            try loop.submit { here.value.becomeRaw(limits) }.wait().wait()
        }
        exchange = Exchange(request, body: body, connection: connection, limits: limits)
        self.body = body
        isStarted = false
        expect(within: limits.requestSeconds)
        let hasBody = head.headers.contains(name: "content-length") || head.headers.contains(name: "transfer-encoding")
        if hasBody {
            if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                context.writeAndFlush(NIOAny(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
            }
            start(context)
        }
    }

    private func finishBody(_ context: ChannelHandlerContext) {
        guard let body else { return }
        timer?.cancel()
        gate.hold()
        body.finish()
        self.body = nil
        if !isStarted { start(context) }
    }

    private func start(_ context: ChannelHandlerContext) {
        guard let exchange else { return }
        isStarted = true
        let here = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        do {
            try startThread { [serve] in
                serve(exchange)
                loop.execute { here.value.answered(exchange) }
            }
        } catch { refuse(503, "\(error)", context) }
    }

    /// The thread is done with the exchange.
    private func answered(_ answered: Exchange) {
        guard let context, exchange === answered, !answered.isRaw else { return }
        exchange = nil
        guard keepsAlive, body == nil, answered.hasBegun, answered.request.understandsChunks else {
            context.close(promise: nil)
            return
        }
        expect(within: limits.idleSeconds)
        gate.release()
        if context.channel.isActive { context.read() }
    }

    private func clientLeft() {
        body?.fail()
        body = nil
        exchange?.close()
    }

    private func refuse(_ status: Int, _ message: String, _ context: ChannelHandlerContext) {
        let channel = context.channel
        channel.writeAndFlush(ByteBuffer(bytes: ResponseHead.whole(status, message))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    private func resumeReading() {
        if body != nil { expect(within: limits.requestSeconds) }
        context?.read()
    }

    // MARK: Time

    private func sawBytes(_ count: Int) {
        guard exchange == nil, let context else { return }
        expect(within: limits.requestSeconds, unlessSooner: true)
        if headBytes > limits.headBytes { refuse(431, "the request's head is too long", context) }
        headBytes += count
    }

    private var isHurried = false

    /// Closes the connection unless something else is expected, or has come, before the time is over.
    private func expect(within seconds: Int64, unlessSooner: Bool = false) {
        if unlessSooner && isHurried { return }
        isHurried = unlessSooner
        timer?.cancel()
        guard let context else { return }
        let here = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .seconds(seconds)) { here.value.timeIsOver() }
    }

    private func timeIsOver() {
        clientLeft()
        context?.close(promise: nil)
    }

    // MARK: Raw streams

    /// Takes the HTTP decoder out of the connection; what comes from now on goes to the queue in the answer.
    private func becomeRaw(_ limits: ServerLimits) -> EventLoopFuture<ByteQueue> {
        guard let context else { preconditionFailure("a connection becomes raw while its request is served") }
        timer?.cancel()
        let loop = context.eventLoop
        let channel = context.channel
        let input = ByteQueue(limit: limits.bufferedBytes) { channel.read() }
        let gate = NIOLoopBound(gate, eventLoop: loop)
        let pipeline = context.pipeline
        do {
            try pipeline.syncOperations.addHandler(RawHandler(input: input, exchange: exchange))
            let decoder = NIOLoopBound(
                try pipeline.syncOperations.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self),
                eventLoop: loop)
            return pipeline.syncOperations.removeHandler(self).flatMap {
                pipeline.syncOperations.removeHandler(context: decoder.value)
            }.map {
                gate.value.release()
                channel.read()
                return input
            }
        } catch { return loop.makeFailedFuture(error) }
    }
}

/// The last handler of a connection that has become a raw stream.
final class RawHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let input: ByteQueue
    private let exchange: Exchange?
    private var hasRoom = true

    init(input: ByteQueue, exchange: Exchange?) {
        self.input = input
        self.exchange = exchange
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasRoom = input.push(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if hasRoom { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { input.finish() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        input.finish()
        exchange?.close()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
