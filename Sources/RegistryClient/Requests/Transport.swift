internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Support
internal import Synchronization

/// Sends requests, through a proxy where one is set, and follows redirects.
final class Transport: Sendable {
    /// Most redirects in a row.
    static let redirects = 5

    /// A request of an address.
    struct Request: Sendable {
        var method: HTTPMethod = .GET
        var address: Address
        var headers = HTTPHeaders()
        var body: RequestBody?
        /// The host that `address` is of; its certificates and headers go no further than its origin.
        var host: RegistryHost?
        /// Seconds without an answer; nil is the idle timeout.
        var patience: Double?
        /// Whether the body may go to another host when the first one says so.
        var isBodySecret = false
    }

    /// An answer, and who gave it after redirects.
    struct Answer: Sendable {
        let response: HTTPClientResponse
        let address: Address
        /// Whether it comes from the origin that was asked.
        let isOwn: Bool

        var status: UInt { response.status.code }
        var headers: HTTPHeaders { response.headers }
    }

    /// What clients differ in; made when first used, for a client starts threads.
    private struct ClientKey: Hashable {
        let proxy: ProxySettings.Proxy?
        let connect: Double
        let patience: Double
    }

    private let clients = Mutex<[ClientKey: HTTPClient]>([:])
    private let options: RegistryOptions

    init(_ options: RegistryOptions) {
        self.options = options
    }

    func shutdown() async {
        for client in clients.withLock({ Array($0.values) }) { try? await client.shutdown() }
    }

    private func client(_ key: ClientKey) -> HTTPClient {
        clients.withLock { clients in
            if let client = clients[key] { return client }
            let client = Self.client(options, key)
            clients[key] = client
            return client
        }
    }

    private static func client(_ options: RegistryOptions, _ key: ClientKey) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: nanoseconds(key.connect), read: nanoseconds(key.patience),
                write: nanoseconds(options.idleTimeout)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.proxy = key.proxy?.clientProxy
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    private static func nanoseconds(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1e9)) }

    /// Sends a request, following redirects; Authorization, the host's own headers and its client certificate go no
    /// further than the first origin.
    func execute(_ request: Request) async throws -> Answer {
        var current = request
        for header in request.host?.headers ?? [] where !request.headers.contains(name: header.name) {
            current.headers.add(name: header.name, value: header.value)
        }
        for _ in 0...Self.redirects {
            let response = try await send(current)
            guard [301, 302, 303, 307, 308].contains(response.status.code) else {
                return Answer(
                    response: response, address: current.address,
                    isOwn: current.address.hasOrigin(of: request.address))
            }
            let next = try target(of: response, after: current)
            if !next.hasOrigin(of: current.address) {
                current.headers.remove(name: "Authorization")
                for header in current.host?.headers ?? [] { current.headers.remove(name: header.name) }
                current.host = nil
            }
            current.address = next
        }
        throw RuntimeError(.unavailable, "registry \(request.address.authority): more than \(Self.redirects) redirects")
    }

    /// Where a redirect leads; refused where it would give something away.
    private func target(of response: HTTPClientResponse, after request: Request) throws -> Address {
        let asked = request.address
        func refusal(_ code: RuntimeError.Code, _ reason: String) -> RuntimeError {
            RuntimeError(code, "registry \(asked.authority): \(reason)")
        }
        guard let location = response.headers.first(name: "Location"),
            let next = Address(location, relativeTo: asked)
        else { throw refusal(.unavailable, "a redirect to nowhere") }
        if asked.isSecure && !next.isSecure {
            throw refusal(.permissionDenied, "a redirect from HTTPS to HTTP (\(next.authority))")
        }
        if request.method != .GET && request.method != .HEAD {
            guard [307, 308].contains(response.status.code) else {
                throw refusal(.unavailable, "a redirect (\(response.status.code)) of what changes it")
            }
            if request.isBodySecret, !next.hasOrigin(of: asked) {
                throw refusal(.permissionDenied, "a redirect of a login to another host (\(next.authority))")
            }
        }
        return next
    }

    private func send(_ sent: Request) async throws -> HTTPClientResponse {
        let address = sent.address
        var request = HTTPClientRequest(url: address.description)
        request.method = sent.method
        request.headers = sent.headers
        request.headers.replaceOrAdd(name: "User-Agent", value: "hako/\(hakoVersion)")
        request.tlsConfiguration = sent.host?.tls
        switch sent.body {
        case .bytes(let buffer): request.body = .bytes(buffer)
        case .file(let part): request.body = .stream(part, length: .known(part.count))
        case nil: break
        }
        let proxy = try options.proxies.proxy(isSecure: address.isSecure, host: address.host, port: address.port)
        let key = ClientKey(
            proxy: proxy, connect: sent.host?.dialTimeout ?? options.connectTimeout,
            patience: sent.patience ?? options.idleTimeout)
        do {
            return try await client(key).execute(request, deadline: .distantFuture)
        } catch {
            throw transportFailure(error, address.authority, options, connect: key.connect, patience: key.patience)
        }
    }
}
