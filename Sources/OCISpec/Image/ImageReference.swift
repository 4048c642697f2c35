internal import Support

/// The name of an image in a registry: `docker.io/library/busybox:latest`, `127.0.0.1:5000/a/b@sha256:…`.
///
/// Names are normalised as Docker does: no registry means `docker.io`, one word there lies in `library/`,
/// `index.docker.io` is `docker.io`, neither tag nor digest means the tag `latest`. The grammar is that of the
/// distribution project's `reference` package.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// The registry as written in full names, with its port: `docker.io`, `127.0.0.1:5000`, `[::1]:5000`.
    public let registry: String
    /// The name within the registry, such as `library/busybox`.
    public let repository: String
    /// The tag; nil only where there is a digest.
    public let tag: String?
    /// The digest; where it is there, it decides what is pulled.
    public let digest: Digest?

    /// Parses and normalises what a person typed; the error says which part is wrong.
    public init(_ text: String) throws {
        do {
            self = try ReferenceParser.parse(text)
        } catch let error as ReferenceParser.Malformed {
            throw RuntimeError(.invalidArgument, "image reference \"\(shortened(text))\": \(error.reason)")
        }
    }

    init(registry: String, repository: String, tag: String?, digest: Digest?) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// The registry and repository without tag and digest.
    public var name: String { "\(registry)/\(repository)" }

    /// The full name, as image stores keep it.
    public var description: String {
        name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// The short name, as people type it: Docker Hub's own parts are left out.
    public var familiar: String {
        var short = name
        if registry == "docker.io" {
            short = repository.hasPrefix("library/") ? String(repository.dropFirst("library/".count)) : repository
        }
        return short + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// What stands after the name in a manifest request: the digest, else the tag.
    public var manifestName: String { digest?.description ?? tag ?? "latest" }

    /// The same repository at another digest.
    public func at(_ digest: Digest) -> ImageReference {
        ImageReference(registry: registry, repository: repository, tag: tag, digest: digest)
    }

    /// The same repository at another tag, without a digest.
    public func tagged(_ tag: String) -> ImageReference {
        ImageReference(registry: registry, repository: repository, tag: tag, digest: nil)
    }

    /// True where the registry is this machine by its name or address, so that plain HTTP is used.
    public var isLoopback: Bool { isLoopbackHost(registryHost.host) }

    /// The registry's host, without brackets, and its port.
    public var registryHost: (host: String, port: Int?) { splitPort(registry) }
}

/// True for `localhost`, names below it, 127.0.0.0/8 and ::1.
public func isLoopbackHost(_ host: String) -> Bool {
    let name = host.lowercased()
    if name == "localhost" || name.hasSuffix(".localhost") || name == "::1" || name == "[::1]" { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
}

/// Splits `host[:port]` or `[v6][:port]`; the brackets are dropped.
public func splitPort(_ authority: String) -> (host: String, port: Int?) {
    if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
        let host = String(authority[authority.index(after: authority.startIndex)..<close])
        return (host, Int(authority[authority.index(after: close)...].dropFirst()))
    }
    guard let colon = authority.lastIndex(of: ":") else { return (authority, nil) }
    return (String(authority[..<colon]), Int(authority[authority.index(after: colon)...]))
}
