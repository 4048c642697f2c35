internal import Glibc
public import RegistryClient

/// How the programs speak to registries: what the environment and the files of this host say.
public enum RegistryAccess {
    /// A client with the logins of docker's `config.json`, the proxies of the environment, and the mirrors and
    /// certificates of ``hostFolders``.
    public static func client(warn: @escaping @Sendable (String) -> Void) -> RegistryClient {
        let path = DockerConfiguration.standardPath
        // Read only when a registry asks: most commands never talk to one.
        return RegistryClient(options: options(warn: warn)) { registry in
            try await DockerConfiguration(path: path).credential(for: registry)
        }
    }

    /// What every client of this host's registries is made with.
    ///
    /// - Parameter warn: told of what is wrong with the host's settings, without leading to a failure.
    public static func options(warn: @escaping @Sendable (String) -> Void) -> RegistryOptions {
        var options = RegistryOptions()
        options.proxies = ProxySettings(environment: environment)
        options.hostFolders = hostFolders
        options.warn = warn
        return options
    }

    /// `$HAKO_CERTS_D`, else hako's own folder, then docker's.
    static var hostFolders: [String] {
        if let folder = getenv("HAKO_CERTS_D"), folder.pointee != 0 { return [String(cString: folder)] }
        return ["/etc/hako/certs.d", "/etc/docker/certs.d"]
    }

    /// The variables that name proxies.
    private static var environment: [String: String] {
        var found: [String: String] = [:]
        let names = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"]
        for name in names + names.map({ $0.lowercased() }) + ["REQUEST_METHOD"] {
            if let value = getenv(name) { found[name] = String(cString: value) }
        }
        return found
    }
}
