internal import NIOSSL

/// One place that a registry's content can be had from, and how it is spoken to.
struct RegistryHost: Sendable {
    /// What a host may be asked for (containerd's `hosts.toml`, "capabilities").
    struct Capabilities: OptionSet, Sendable {
        let rawValue: Int
        /// Blobs, and manifests by digest.
        static let pull = Capabilities(rawValue: 1)
        /// What a tag means.
        static let resolve = Capabilities(rawValue: 2)
        /// Everything that changes the registry.
        static let push = Capabilities(rawValue: 4)
        static let all: Capabilities = [.pull, .resolve, .push]

        /// By their names in `hosts.toml`.
        static let named: [String: Capabilities] = ["pull": .pull, "resolve": .resolve, "push": .push]
    }

    /// A header that every request to the host carries.
    struct Header: Sendable, Equatable {
        let name: String
        let value: String
    }

    /// Where its API begins, such as `https://host/v2`; the target has no slash at its end.
    var base: Address
    var capabilities: Capabilities = .all
    /// What it is trusted by; nil is what the system trusts.
    var tls: TLSConfiguration?
    var headers: [Header] = []
    /// Seconds to wait for a connection; nil is the client's own.
    var dialTimeout: Double?
    /// The registry that it stands in for; nil where it is that registry itself.
    var mirrored: String?

    /// What logins are looked up by: the registry as image names have it, or the mirror's own host.
    func loginName(_ registry: String) -> String { mirrored == nil ? registry : base.authority }

    /// The address of something below `/v2/`.
    func address(_ path: String, query: [String] = []) -> Address {
        var query = query
        if let mirrored { query.append("ns=\(escaped(mirrored))") }
        let text = query.isEmpty ? "" : "?\(query.joined(separator: "&"))"
        return Address(
            isSecure: base.isSecure, authority: base.authority, target: "\(base.target)/\(path)\(text)")
    }

    /// The registry itself where nothing is configured: HTTPS, but plain HTTP on loopback.
    static func standard(_ registry: String, isPlain: Bool) -> RegistryHost {
        let authority = registry == "docker.io" ? "registry-1.docker.io" : registry
        return RegistryHost(base: Address(isSecure: !isPlain, authority: authority, target: "/v2"))
    }
}
