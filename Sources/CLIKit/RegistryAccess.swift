internal import Glibc
internal import RegistryClient

/// How the commands speak to registries: what the environment and the files of this host say.
enum RegistryAccess {
    /// A client with the logins of docker's `config.json`, the proxies of the environment, and the mirrors and
    /// certificates of ``hostFolders``.
    static func client() -> RegistryClient {
        let path = DockerConfiguration.standardPath
        // Read only when a registry asks: most commands never talk to one.
        return RegistryClient(options: options()) { registry in
            try await DockerConfiguration(path: path).credential(for: registry)
        }
    }

    static func options() -> RegistryOptions {
        var options = RegistryOptions()
        options.proxies = ProxySettings(environment: environment)
        options.hostFolders = hostFolders
        options.warn = { text in Console.error("warning: \(text)") }
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
