internal import Glibc
internal import OCISpec

/// The proxies that HTTP requests go through, as curl reads them from the environment.
public struct ProxySettings: Sendable, Hashable {
    /// A proxy spoken to by HTTP.
    public struct Proxy: Sendable, Hashable {
        /// Its host.
        public var host: String
        /// Its port.
        public var port: Int
        /// Who we are to it.
        public var credential: RegistryCredential?
    }

    /// For requests by plain HTTP.
    public var http: Proxy?
    /// For requests by HTTPS.
    public var https: Proxy?
    /// Hosts that are reached directly: `*`, names, domain suffixes (`.example.com`), each perhaps with a port.
    public var direct: [String] = []

    /// No proxies.
    public init() {}

    /// Reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in lower case where the upper-case form is not set.
    ///
    /// HTTP_PROXY is ignored where REQUEST_METHOD is set: a CGI client could have set it (CVE-2016-5385).
    public init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            (environment[name] ?? environment[name.lowercased()]).flatMap { $0.isEmpty ? nil : $0 }
        }
        http = environment["REQUEST_METHOD"] == nil ? value("HTTP_PROXY").flatMap(Self.parse) : nil
        https = value("HTTPS_PROXY").flatMap(Self.parse)
        direct = (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    /// The proxy for a host; nil means directly. Loopback is always direct.
    public func proxy(isSecure: Bool, host: String, port: Int) -> Proxy? {
        let name = host.lowercased()
        if isLoopbackHost(name) || direct.contains(where: { Self.matches($0, name, port) }) { return nil }
        return isSecure ? https : http
    }

    private static func matches(_ rule: String, _ host: String, _ port: Int) -> Bool {
        if rule == "*" { return true }
        var (name, rulePort) =
            rule.filter { $0 == ":" }.count > 1 && !rule.hasPrefix("[") ? (rule, nil) : splitPort(rule)
        if let rulePort, rulePort != port { return false }
        if name.hasPrefix("*.") { name.removeFirst() }
        if name.hasPrefix(".") { return host.hasSuffix(name) || host == name.dropFirst() }
        return host == name || host.hasSuffix(".\(name)")
    }

    private static func parse(_ text: String) -> Proxy? {
        var rest = text[...]
        if let scheme = rest.range(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else { return nil }
            rest = rest[scheme.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        var credential: RegistryCredential?
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(unescaped)
            credential = RegistryCredential(user: parts[0], password: parts.count > 1 ? parts[1] : "")
            rest = rest[rest.index(after: at)...]
        }
        let (host, port) = splitPort(String(rest))
        return host.isEmpty ? nil : Proxy(host: host, port: port ?? 80, credential: credential)
    }
}

/// Resolves %XX escapes; a malformed one stays as it is.
func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2,
            let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
        {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
