internal import AsyncHTTPClient
internal import ContentStore
internal import NIOCore
internal import NIOHTTP1
internal import OCISpec
internal import Support
internal import Synchronization

/// Pulls documents and blobs from registries by the OCI distribution specification.
///
/// Plain HTTP is spoken to loopback registries, HTTPS to all others. Nothing that a registry sends is trusted:
/// sizes are bounded, digests verified, and a registry that is silent or drips is given up. Call ``shutdown()`` at
/// the end.
public final class RegistryClient: Sendable {
    /// Finds the login for a registry as image names have it, such as `docker.io`; nil means none.
    public typealias Credentials = @Sendable (_ registry: String) async throws -> RegistryCredential?

    let options: RegistryOptions
    let transport: Transport
    private let credentials: Credentials
    /// Authorization headers that worked, by registry and repository.
    private let authorizations = Mutex<[String: String]>([:])

    /// Makes a client; without `credentials` everything is anonymous.
    public init(options: RegistryOptions = RegistryOptions(), credentials: @escaping Credentials = { _ in nil }) {
        self.options = options
        self.credentials = credentials
        transport = Transport(options)
    }

    /// Closes all connections; the client is of no use afterwards.
    public func shutdown() async {
        await transport.shutdown()
    }

    /// Where a repository's documents and blobs lie.
    func address(_ reference: ImageReference, _ path: String) -> Address {
        let host = reference.registry == "docker.io" ? "registry-1.docker.io" : reference.registry
        let isPlain = reference.isLoopback || options.plainRegistries.contains(reference.registry)
        return Address(isSecure: !isPlain, authority: host, target: "/v2/\(reference.repository)/\(path)")
    }

    /// Gets something of a repository, logging in where the registry asks for it; only success comes back.
    func get(_ reference: ImageReference, _ path: String, _ headers: HTTPHeaders) async throws -> HTTPClientResponse {
        let address = address(reference, path)
        var headers = headers
        var known = authorizations.withLock { $0[reference.name] }
        for isLast in [false, true] {
            headers.remove(name: "Authorization")
            if let known { headers.add(name: "Authorization", value: known) }
            let response = try await transport.get(address, headers)
            let status = response.status.code
            if status == 200 || status == 206 {
                authorizations.withLock { $0[reference.name] = known }
                return response
            }
            if status == 401, !isLast, let answer = try await authorization(response.headers, reference, address) {
                known = answer
                continue
            }
            if status == 416 { throw RangeRefused() }
            let body = try? await read(response, limit: 64 << 10, from: address.authority)
            throw statusFailure(
                status, address.authority, body ?? [], retryAfter: response.headers.first(name: "Retry-After"))
        }
        throw RuntimeError(.internal, "registry \(address.authority): no answer")
    }

    /// The whole body of a document's answer.
    func read(_ response: HTTPClientResponse, limit: Int, from registry: String) async throws -> [UInt8] {
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

    // MARK: Logging in

    /// The Authorization header that answers a 401; nil where there is none to give.
    private func authorization(
        _ headers: HTTPHeaders, _ reference: ImageReference, _ address: Address
    ) async throws -> String? {
        let login = try await credentials(reference.registry)
        let challenges = headers["WWW-Authenticate"].compactMap(Challenge.init)
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            return "Bearer \(try await token(bearer, login, reference, address))"
        }
        if challenges.contains(where: { $0.scheme == "basic" }), let login {
            return "Basic \(Base64.encode("\(login.user):\(login.password)"))"
        }
        return nil
    }

    private func token(
        _ challenge: Challenge, _ login: RegistryCredential?, _ reference: ImageReference, _ registry: Address
    ) async throws -> String {
        let shown = registry.authority
        guard let realm = challenge.parameters["realm"], let base = Address(realm) else {
            throw RuntimeError(.unavailable, "registry \(shown): it asks for a token without a valid realm")
        }
        if registry.isSecure && !base.isSecure {
            throw RuntimeError(
                .permissionDenied, "registry \(shown): its tokens come by plain HTTP (\(base.authority))")
        }
        var query = ["scope=\(escaped("repository:\(reference.repository):pull"))"]
        if let service = challenge.parameters["service"] { query.append("service=\(escaped(service))") }
        let joint = base.target.contains("?") ? "&" : "?"
        let address = Address(
            isSecure: base.isSecure, authority: base.authority,
            target: base.target + joint + query.joined(separator: "&"))
        var headers = HTTPHeaders()
        if let login {
            headers.add(name: "Authorization", value: "Basic \(Base64.encode("\(login.user):\(login.password)"))")
        }
        let response = try await transport.get(address, headers)
        let body = try await read(response, limit: 256 << 10, from: base.authority)
        guard response.status.code == 200 else {
            let failure = statusFailure(
                response.status.code, base.authority, body, retryAfter: response.headers.first(name: "Retry-After"))
            if failure is RegistryFailure { throw failure }
            throw RuntimeError(
                (failure as? RuntimeError)?.code ?? .permissionDenied, "log in to \(shown)", cause: failure)
        }
        return try parseToken(body, base.authority)
    }
}

/// 416: what we have is not the beginning of what the registry has.
struct RangeRefused: Error {}
