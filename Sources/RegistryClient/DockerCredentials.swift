internal import JSON
internal import Linux
internal import Support

/// The logins that `docker login` keeps in `config.json`.
///
/// Only plain entries of `auths` are read; credential helpers and stores are not asked.
public struct DockerCredentials: Sendable {
    private var entries: [String: RegistryCredential] = [:]

    /// Reads the file; a missing one holds no logins, a malformed one is an error that names the field.
    public init(path: String) throws {
        guard let bytes = try Self.content(path) else { return }
        entries = try Self.parse(bytes, shown: path)
    }

    private static func content(_ path: String) throws(SystemCallError) -> [UInt8]? {
        do throws(SystemCallError) {
            return try readFile(path, limit: 1 << 20)
        } catch  where error.errno == 2 {
            return nil
        }
    }

    static func parse(_ bytes: [UInt8], shown: String) throws -> [String: RegistryCredential] {
        var found: [String: RegistryCredential] = [:]
        try attempt("read logins \(shown)") {
            try JSONReader.document(bytes) { reader in
                try reader.object { key, value in
                    guard key == "auths" else { return try value.skip() }
                    if try value.null() { return }
                    try value.object { host, login in found[hostName(host)] = try entry(&login) }
                }
            }
        }
        return found
    }

    /// The login for a registry as written in image names, such as `docker.io` or `127.0.0.1:5000`.
    public func credential(for registry: String) -> RegistryCredential? {
        entries[registry]
    }

    /// `https://index.docker.io/v1/` → `docker.io`.
    private static func hostName(_ key: String) -> String {
        var name = key[...]
        if let scheme = name.range(of: "://") { name = name[scheme.upperBound...] }
        let host = String(name.prefix { $0 != "/" })
        return ["index.docker.io", "registry-1.docker.io"].contains(host) ? "docker.io" : host
    }

    private static func entry(_ reader: inout JSONReader) throws -> RegistryCredential? {
        var user: String?
        var password: String?
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
            default: try value.skip()
            }
        }
        guard let user, let password else { return nil }
        return RegistryCredential(user: user, password: password)
    }
}
