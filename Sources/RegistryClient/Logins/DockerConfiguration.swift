internal import Glibc
internal import JSON
internal import Linux
internal import Support

/// Docker's `config.json`: the logins in it, and the programs that keep logins outside of it.
public struct DockerConfiguration: Sendable {
    /// The file.
    public let path: String
    /// Logins by the name of their registry.
    private var logins: [String: RegistryCredential] = [:]
    /// The program that keeps all logins but those of ``helpers``; the part behind `docker-credential-`.
    private(set) var store: String?
    /// Programs by the registries whose logins they keep.
    private(set) var helpers: [String: String] = [:]

    /// The largest file that is read.
    static let maximumBytes = 1 << 20

    /// Reads the file; a missing one holds no logins, a malformed one is an error that names the field.
    public init(path: String) throws {
        try self.init(path: path, bytes: try Self.content(path) ?? [])
    }

    init(path: String, bytes: [UInt8]) throws {
        self.path = path
        // An empty file is what some tools leave; docker takes it for one without logins.
        if bytes.allSatisfy({ [0x20, 0x09, 0x0a, 0x0d].contains($0) }) { return }
        try attempt("read logins \(path)") {
            try JSONReader.document(bytes) { reader in
                try reader.object { key, value in try member(key, &value) }
            }
        }
    }

    /// `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
    public static var standardPath: String {
        if let folder = getenv("DOCKER_CONFIG"), folder.pointee != 0 { return "\(String(cString: folder))/config.json" }
        return "\(getenv("HOME").map { String(cString: $0) } ?? "/root")/.docker/config.json"
    }

    static func content(_ path: String) throws(SystemCallError) -> [UInt8]? {
        do throws(SystemCallError) {
            return try readRegularFile(path, limit: maximumBytes)
        } catch  where error.errno == ENOENT || error.errno == ENOTDIR {
            return nil
        }
    }

    /// The login for a registry as written in image names, such as `docker.io` or `127.0.0.1:5000`.
    ///
    /// - Throws: where the program that keeps it fails.
    public func credential(for registry: String) async throws -> RegistryCredential? {
        guard let helper = helper(for: registry) else { return logins[registry] }
        return try await helper.get(Self.serverName(registry))
    }

    /// The program that keeps a registry's login; nil where this file does.
    func helper(for registry: String) -> CredentialHelper? {
        (helpers[registry] ?? store).map { CredentialHelper(name: $0) }
    }

    /// Whether this file itself has a login for the registry.
    func hasLogin(_ registry: String) -> Bool { logins[registry] != nil }

    /// What the registry's login is called in the file and by the programs; Docker Hub's has a name of its own.
    static func serverName(_ registry: String) -> String {
        registry == "docker.io" ? "https://index.docker.io/v1/" : registry
    }

    /// The registry that a name in the file means: `https://index.docker.io/v1/` → `docker.io`.
    public static func registryName(_ key: String) -> String {
        var name = key[...]
        if let scheme = name.range(of: "://") { name = name[scheme.upperBound...] }
        let host = String(name.prefix { $0 != "/" })
        return ["index.docker.io", "registry-1.docker.io"].contains(host) ? "docker.io" : host
    }

    private mutating func member(_ key: String, _ value: inout JSONReader) throws {
        switch key {
        case "auths":
            if try value.null() { return }
            try value.object { host, login in logins[Self.registryName(host)] = try Self.entry(&login) }
        case "credsStore":
            let name = try value.optional { reader in try reader.string() } ?? ""
            store = name.isEmpty ? nil : try Self.program(name, value)
        case "credHelpers":
            if try value.null() { return }
            try value.object { host, value in
                helpers[Self.registryName(host)] = try Self.program(try value.string(), value)
            }
        default: try value.skip()
        }
    }

    /// A program's name is no path.
    private static func program(_ name: String, _ reader: JSONReader) throws -> String {
        guard !name.isEmpty, !name.contains("/"), !name.utf8.contains(0) else {
            throw reader.failure("expected the part of a program's name behind docker-credential-")
        }
        return name
    }

    private static func entry(_ reader: inout JSONReader) throws -> RegistryCredential? {
        var user: String?
        var password: String?
        var identity: String?
        try reader.object { key, value in
            switch key {
            case "auth":
                guard let text = try value.optional({ reader in try reader.string() }), !text.isEmpty else { return }
                guard let bytes = Base64.decode(text), let decoded = String(validating: bytes, as: UTF8.self),
                    let colon = decoded.firstIndex(of: ":")
                else { throw value.failure("expected user:password in base 64") }
                user = String(decoded[..<colon])
                password = String(decoded[decoded.index(after: colon)...]).filter { $0 != "\0" }
            case "username": user = try value.optional { reader in try reader.string() } ?? user
            case "password": password = try value.optional { reader in try reader.string() } ?? password
            case "identitytoken": identity = try value.optional { reader in try reader.string() }
            default: try value.skip()
            }
        }
        if let identity, !identity.isEmpty {
            return RegistryCredential(user: user ?? "", password: "", identityToken: identity)
        }
        guard let user, let password else { return nil }
        return RegistryCredential(user: user, password: password)
    }
}
