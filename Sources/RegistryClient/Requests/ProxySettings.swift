internal import AsyncHTTPClient
internal import OCISpec
internal import Support

/// The proxies that requests go through, as curl and Go read them from the environment.
public struct ProxySettings: Sendable, Hashable {
    /// A proxy.
    public struct Proxy: Sendable, Hashable {
        /// How it is spoken to.
        public enum Kind: Sendable, Hashable {
            /// By HTTP, through a tunnel (CONNECT).
            case http
            /// By SOCKS version 5.
            case socks
        }

        /// How it is spoken to.
        public var kind = Kind.http
        /// Its host.
        public var host: String
        /// Its port.
        public var port: Int
        /// Who we are to it; HTTP only.
        public var credential: RegistryCredential?

        var clientProxy: HTTPClient.Configuration.Proxy {
            if kind == .socks { return .socksServer(host: host, port: port) }
            let login = credential.map {
                HTTPClient.Authorization.basic(credentials: Base64.encode("\($0.user):\($0.password)"))
            }
            return .server(host: host, port: port, authorization: login)
        }
    }

    /// For requests by plain HTTP.
    public var http: Proxy?
    /// For requests by HTTPS.
    public var https: Proxy?
    /// What is reached directly: `*`, names, domain suffixes (`.example.com`), addresses, networks (`10.0.0.0/8`), each
    /// name and address perhaps with a port.
    public var direct: [String] = []
    /// The variables whose proxy can't be used, and why.
    private var unusable: [Bool: RuntimeFault] = [:]

    /// A reason, kept until a request would need the proxy.
    private struct RuntimeFault: Hashable, Sendable {
        let message: String
    }

    /// No proxies.
    public init() {}

    /// Reads HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in lower case where the upper-case form is not set.
    ///
    /// HTTP_PROXY is ignored where REQUEST_METHOD is set: a CGI client could have set it (CVE-2016-5385).
    public init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            [name, name.lowercased()].compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        let isCGI = environment["REQUEST_METHOD"] != nil
        for (isSecure, name) in [(false, "HTTP_PROXY"), (true, "HTTPS_PROXY")] {
            guard let text = (isCGI && !isSecure ? nil : value(name)) ?? value("ALL_PROXY") else { continue }
            guard let proxy = Self.parse(text) else {
                unusable[isSecure] = RuntimeFault(
                    message: "\(name): only http:// and socks5:// proxies can be used, written as http://HOST:PORT")
                continue
            }
            if isSecure { https = proxy } else { http = proxy }
        }
        direct = (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    /// The proxy for a host; nil means directly. Loopback is always direct.
    ///
    /// - Throws: `unsupported` where the environment names a proxy of a kind that can't be used.
    public func proxy(isSecure: Bool, host: String, port: Int) throws -> Proxy? {
        let name = host.lowercased()
        if isLoopbackHost(name) || direct.contains(where: { matches($0, name, port) }) { return nil }
        if let fault = unusable[isSecure] { throw RuntimeError(.unsupported, fault.message) }
        return isSecure ? https : http
    }

    private func matches(_ rule: String, _ host: String, _ port: Int) -> Bool {
        if rule == "*" { return true }
        if let network = NetworkPrefix(rule) { return network.contains(host) }
        var (name, rulePort) =
            rule.filter { $0 == ":" }.count > 1 && !rule.hasPrefix("[") ? (rule, nil) : splitPort(rule)
        if let rulePort, rulePort != port { return false }
        if let address = NetworkPrefix("\(name)/\(name.contains(":") ? 128 : 32)") { return address.contains(host) }
        if name.hasPrefix("*.") { name.removeFirst() }
        if name.hasPrefix(".") { return host.hasSuffix(name) || host == name.dropFirst() }
        return host == name || host.hasSuffix(".\(name)")
    }

    private static func parse(_ text: String) -> Proxy? {
        var rest = text[...]
        var kind = Proxy.Kind.http
        if let scheme = rest.range(of: "://") {
            switch rest[..<scheme.lowerBound].lowercased() {
            case "http": kind = .http
            case "socks5", "socks5h": kind = .socks
            default: return nil
            }
            rest = rest[scheme.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        var credential: RegistryCredential?
        if let at = rest.lastIndex(of: "@") {
            // A login by SOCKS can't be given by the client library.
            if kind == .socks { return nil }
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(unescaped)
            credential = RegistryCredential(user: parts[0], password: parts.count > 1 ? parts[1] : "")
            rest = rest[rest.index(after: at)...]
        }
        let (host, port) = splitPort(String(rest))
        if host.isEmpty { return nil }
        return Proxy(kind: kind, host: host, port: port ?? (kind == .http ? 80 : 1080), credential: credential)
    }
}
