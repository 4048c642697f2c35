internal import Glibc
internal import Linux
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Support
internal import Synchronization

/// Listens on Unix sockets and serves what comes, each request on a thread of its own.
final class HTTPServer: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let limits: ServerLimits
    private let serve: RequestHandler.Service
    private let open = Atomic<Int>(0)

    init(limits: ServerLimits, serve: @escaping RequestHandler.Service) {
        self.limits = limits
        self.serve = serve
    }

    /// Listens on a path; what an earlier server left there is replaced.
    ///
    /// - Parameters:
    ///   - mode: of the socket's file.
    ///   - gid: its group; nil leaves it.
    func listen(path: String, mode: UInt32, gid: UInt32?) throws {
        try makeDirectories(parentPath(path), mode: 0o755)
        try Self.removeStale(path)
        // Nobody connects before owner and mode are as they shall be.
        let old = umask(0o777)
        defer { umask(old) }
        _ = try attempt("listen on \(path)") {
            _ = try bootstrap().bind(unixDomainSocketPath: path).wait()
            if let gid { try check("chown", path) { chown(path, .max, gid) } }
            try check("chmod", path) { chmod(path, mode) }
        }
    }

    /// Takes a socket that listens already, as systemd passes it.
    func adopt(_ descriptor: Int32) throws {
        _ = try attempt("adopt the listening socket \(descriptor)") {
            try bootstrap().withBoundSocket(descriptor).wait()
        }
    }

    /// Closes every connection.
    func shutdown() {
        try? group.syncShutdownGracefully()
    }

    private func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel) }
            }
    }

    private func prepare(_ channel: any Channel) throws {
        let count = open.add(1, ordering: .relaxed).newValue
        channel.closeFuture.whenComplete { [self] _ in open.subtract(1, ordering: .relaxed) }
        if count > limits.connections {
            let answer = ByteBuffer(
                bytes: ResponseHead.whole(503, "too many connections: \(limits.connections) are open"))
            channel.writeAndFlush(answer).whenComplete { _ in channel.close(promise: nil) }
            return
        }
        var configuration = NIOHTTPDecoderLimitConfiguration()
        configuration.maxHeaderFieldSize = limits.headBytes
        configuration.maxHeaderListSize = limits.headBytes
        configuration.maxHeaderFieldCount = limits.headerFields
        let gate = Gate()
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: configuration))
        try channel.pipeline.syncOperations.addHandlers([
            gate, decoder, RequestHandler(gate: gate, limits: limits, serve: serve),
        ])
    }

    private static func removeStale(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw RuntimeError(.alreadyExists, "listen on \(path): a file that is no socket is in the way")
        }
        unlink(path)
    }
}
