internal import AsyncHTTPClient
internal import ContentStore
internal import NIOCore
internal import NIOHTTP1
internal import OCISpec
internal import Support
internal import Synchronization

/// Pulls from and pushes to registries by the OCI distribution specification.
///
/// Plain HTTP is spoken to loopback registries, HTTPS to all others, unless ``RegistryOptions/hostFolders`` say
/// otherwise. Nothing that a registry sends is trusted: sizes are bounded, digests verified, and a registry that is
/// silent or drips is given up. Call ``shutdown()`` at the end.
public final class RegistryClient: Sendable {
    /// Finds the login for a registry as image names have it, such as `docker.io`, or for a mirror's `host:port`; nil
    /// means none.
    public typealias Credentials = @Sendable (_ registry: String) async throws -> RegistryCredential?

    let options: RegistryOptions
    let transport: Transport
    let authorizer: Authorizer
    private let folders: HostFolders
    private let state = Mutex(State())

    private struct State {
        /// How each registry is spoken to.
        var hosts: [String: [RegistryHost]] = [:]
        /// Until when mirrors whose connection failed are passed over.
        var resting: [String: ContinuousClock.Instant] = [:]
        /// What was warned of.
        var warnings: Set<String> = []
    }

    /// Makes a client; without `credentials` everything is anonymous.
    public init(options: RegistryOptions = RegistryOptions(), credentials: @escaping Credentials = { _ in nil }) {
        self.options = options
        transport = Transport(options)
        authorizer = Authorizer(options, credentials, transport)
        folders = HostFolders(folders: options.hostFolders, plainRegistries: options.plainRegistries)
    }

    /// Closes all connections; the client is of no use afterwards.
    public func shutdown() async {
        await transport.shutdown()
    }

    /// Where a repository's documents and blobs lie in the registry itself, for errors.
    func address(_ reference: ImageReference, _ path: String) -> Address {
        let host = (try? hosts(reference))?.last ?? .standard(reference.registry, isPlain: reference.isLoopback)
        return host.address("\(reference.repository)/\(path)")
    }

    /// How a registry is spoken to, mirrors first.
    func hosts(_ reference: ImageReference) throws -> [RegistryHost] {
        if let known = state.withLock({ $0.hosts[reference.registry] }) { return known }
        let found = try folders.hosts(for: reference.registry, isLoopback: reference.isLoopback)
        state.withLock { $0.hosts[reference.registry] = found }
        return found
    }

    // MARK: Mirrors

    func isResting(_ host: RegistryHost) -> Bool {
        state.withLock { $0.resting[host.base.description].map { $0 > .now } ?? false }
    }

    /// Passes a mirror over for a while.
    func rest(_ host: RegistryHost) {
        state.withLock { $0.resting[host.base.description] = .now + .seconds(options.mirrorRest) }
    }

    /// Tells people, each text once and not without end.
    func warn(_ text: String) {
        let isNew = state.withLock { $0.warnings.count < 100 && $0.warnings.insert(text).inserted }
        if isNew { options.warn(text) }
    }

    // MARK: Trying again

    /// Runs `body` until it succeeds, fails for good, or was tried often enough.
    func retrying<T>(_ body: () async throws -> T) async throws -> T {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let failure as RegistryFailure {
                if attempt >= options.attempts { throw failure.error }
                try await pause(attempt, failure)
                attempt += 1
            }
        }
    }

    /// Waits before the try after number `attempt`; throws at once where the registry asks for more than we wait.
    func pause(_ attempt: Int, _ failure: RegistryFailure) async throws {
        if let asked = failure.retryAfter, asked > options.longestPause { throw failure.error }
        var seconds = options.backOff * Double(1 << min(attempt - 1, 16)) * Double.random(in: 0.75...1.25)
        seconds = min(max(seconds, failure.retryAfter ?? 0), options.longestPause)
        try await Task.sleep(for: .seconds(seconds))
    }
}

/// The whole body of a document's answer, within bounds of bytes and time.
func readDocument(
    _ response: HTTPClientResponse, limit: Int, from registry: String, _ options: RegistryOptions
) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    let start = ContinuousClock.now
    do {
        for try await part in response.body {
            if bytes.count + part.readableBytes > limit {
                throw RuntimeError(
                    .resourceExhausted,
                    "registry \(registry): a document of more than \(limit) bytes, which is refused")
            }
            bytes += part.readableBytesView
            if start.duration(to: .now) > .seconds(options.documentTimeout) {
                throw RegistryFailure(
                    .timeout,
                    "registry \(registry): a document took longer than \(short(options.documentTimeout)) s")
            }
        }
    } catch {
        throw transportFailure(error, registry, options)
    }
    return bytes
}
