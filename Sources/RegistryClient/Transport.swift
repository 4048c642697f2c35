internal import AsyncHTTPClient
internal import Linux
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Support
internal import Synchronization

/// Sends requests, through a proxy where one is set, and follows redirects.
final class Transport: Sendable {
    /// Most redirects in a row.
    static let redirects = 5

    /// By proxy, nil being none; made when first used, for a client starts threads.
    private let clients = Mutex<[ProxySettings.Proxy?: HTTPClient]>([:])
    private let options: RegistryOptions

    init(_ options: RegistryOptions) {
        self.options = options
    }

    func shutdown() async {
        for client in clients.withLock({ Array($0.values) }) { try? await client.shutdown() }
    }

    private func client(_ proxy: ProxySettings.Proxy?) -> HTTPClient {
        clients.withLock { clients in
            if let client = clients[proxy] { return client }
            let client = Self.client(options, proxy)
            clients[proxy] = client
            return client
        }
    }

    private static func client(_ options: RegistryOptions, _ proxy: ProxySettings.Proxy?) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: nanoseconds(options.connectTimeout), read: nanoseconds(options.idleTimeout)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        if let proxy {
            let login = proxy.credential.map {
                HTTPClient.Authorization.basic(credentials: Base64.encode("\($0.user):\($0.password)"))
            }
            configuration.proxy = .server(host: proxy.host, port: proxy.port, authorization: login)
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    private static func nanoseconds(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1e9)) }

    /// Gets `address`, following redirects; the Authorization header goes no further than its own origin.
    func get(_ address: Address, _ headers: HTTPHeaders) async throws -> HTTPClientResponse {
        var address = address
        var headers = headers
        for _ in 0...Self.redirects {
            let response = try await send(address, headers)
            guard [301, 302, 303, 307, 308].contains(response.status.code) else { return response }
            guard let location = response.headers.first(name: "Location"),
                let next = Address(location, relativeTo: address)
            else { throw RuntimeError(.unavailable, "registry \(address.authority): a redirect to nowhere") }
            if address.isSecure && !next.isSecure {
                throw RuntimeError(
                    .permissionDenied,
                    "registry \(address.authority): a redirect from HTTPS to HTTP (\(next.authority))")
            }
            if !next.hasOrigin(of: address) { headers.remove(name: "Authorization") }
            address = next
        }
        throw RuntimeError(.unavailable, "registry \(address.authority): more than \(Self.redirects) redirects")
    }

    private func send(_ address: Address, _ headers: HTTPHeaders) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: address.description)
        request.headers = headers
        request.headers.replaceOrAdd(name: "User-Agent", value: "hako")
        let proxy = options.proxies.proxy(isSecure: address.isSecure, host: address.host, port: address.port)
        let client = self.client(proxy)
        do {
            return try await client.execute(request, deadline: .distantFuture)
        } catch {
            throw transportFailure(error, address.authority, options)
        }
    }
}

/// A failed connection in our words, marked as worth another try.
func transportFailure(_ error: any Error, _ registry: String, _ options: RegistryOptions) -> any Error {
    if error is any CodedError || error is RegistryFailure || error is CancellationError { return error }
    if let error = error as? HTTPClientError {
        switch error {
        case .cancelled: return CancellationError()
        case .readTimeout:
            return RegistryFailure(.timeout, "registry \(registry): nothing came for \(short(options.idleTimeout)) s")
        case .connectTimeout:
            return RegistryFailure(
                .timeout, "registry \(registry): no connection within \(short(options.connectTimeout)) s")
        case .remoteConnectionClosed:
            return RegistryFailure(.unavailable, "registry \(registry): it closed the connection")
        default: return RegistryFailure(.unavailable, "registry \(registry): \(plainText(error.description))")
        }
    }
    let lowest = (error as? NIOConnectionError)?.connectionErrors.first?.error ?? error
    if let error = lowest as? IOError {
        let leaf = SystemCallError(error.errnoCode == 104 ? "read" : "connect", errno: error.errnoCode)
        return RegistryFailure(.unavailable, "registry \(registry): \(leaf)")
    }
    if error is NIOConnectionError {
        return RegistryFailure(.unavailable, "registry \(registry): no address was found for it")
    }
    return RegistryFailure(.unavailable, "registry \(registry): \(plainText("\(error)"))")
}

/// Seconds without a needless fraction.
func short(_ seconds: Double) -> String {
    seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
}

/// Untrusted text as one line of printable ASCII of bounded length.
func plainText(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(300) {
        shown.unicodeScalars.append((0x20..<0x7f).contains(scalar.value) ? scalar : " ")
    }
    return shown
}
