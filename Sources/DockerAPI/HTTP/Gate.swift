internal import NIOCore

/// The first handler of a connection: holds back what comes behind a request that may turn the connection into a raw stream,
/// so that neither its first bytes nor its early end reach the HTTP decoder.
final class Gate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var isHolding = false
    private var held: [ByteBuffer] = []
    private var heldEnd = false
    private var context: ChannelHandlerContext?
    /// Told of each read that goes through.
    var onBytes: ((Int) -> Void)?
    /// Told when the client has shut its side down while everything is held.
    var onHeldEnd: (() -> Void)?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Holds everything from now on.
    func hold() { isHolding = true }

    /// Lets through what was held and what follows.
    func release() {
        guard isHolding, let context else { return }
        isHolding = false
        for buffer in held { context.fireChannelRead(wrapInboundOut(buffer)) }
        if !held.isEmpty { context.fireChannelReadComplete() }
        held = []
        if heldEnd { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        heldEnd = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isHolding { return held.append(unwrapInboundIn(data)) }
        onBytes?(unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !isHolding { context.fireChannelReadComplete() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard isHolding, case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        heldEnd = true
        onHeldEnd?()
    }
}
