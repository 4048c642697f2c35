internal import Glibc
internal import Linux
internal import Support

/// Finds how a registry is spoken to in folders laid out as containerd's or Docker's `certs.d`.
///
/// A registry's folder is named `HOST_PORT_`, `HOST:PORT` or `HOST`; `_default` holds for those without one. In it lies a
/// `hosts.toml` or, as Docker has it, `*.crt` (authorities) and pairs of `*.cert` and `*.key` (clients).
struct HostFolders: Sendable {
    let folders: [String]
    let plainRegistries: Set<String>

    /// The hosts to try for a registry, in order; the last one is the registry itself or what `server` names.
    func hosts(for registry: String, isLoopback: Bool) throws -> [RegistryHost] {
        let isPlain = isLoopback || plainRegistries.contains(registry)
        guard let folder = find(registry) else { return [.standard(registry, isPlain: isPlain)] }
        // Who lays out certificates for a registry on loopback has one that speaks TLS.
        let standard = RegistryHost.standard(registry, isPlain: plainRegistries.contains(registry))
        let file = "\(folder)/hosts.toml"
        do {
            guard access(file, F_OK) == 0 else { return [try certified(standard, folder, isPlain)] }
            let bytes = try readRegularFile(file, limit: TOMLReader.maximumBytes)
            let plain = RegistryHost.standard(registry, isPlain: isPlain)
            return try HostFile(bytes, registry: registry, standard: plain).hosts.map { entry in
                var host = entry.host
                host.tls = try entry.files.configuration(in: folder)
                // Certificates without a scheme beside them mean TLS on loopback too.
                if host.mirrored == nil, host.tls != nil, host.base == plain.base { host.base = standard.base }
                return host
            }
        } catch {
            throw RuntimeError(
                (error as? any CodedError)?.runtimeCode ?? .invalidArgument, "read \(file)", cause: error)
        }
    }

    private func certified(_ standard: RegistryHost, _ folder: String, _ isPlain: Bool) throws -> RegistryHost {
        let names = try directoryEntries(folder).sorted()
        var files = TLSFiles()
        files.authorities = names.filter { $0.hasSuffix(".crt") }
        files.clients = try names.filter { $0.hasSuffix(".cert") }.map { name in
            let key = "\(name.dropLast(".cert".count)).key"
            guard names.contains(key) else { throw RuntimeError(.notFound, "\(name) has no \(key) beside it") }
            return TLSFiles.Client(certificate: name, key: key)
        }
        var host = standard
        host.tls = try files.configuration(in: folder)
        if host.tls == nil { host.base = Address(isSecure: !isPlain, authority: host.base.authority, target: "/v2") }
        return host
    }

    /// The first folder that there is: the registry's own in any of `folders`, then `_default`.
    private func find(_ registry: String) -> String? {
        // A name with a slash or dots alone would lead elsewhere; references never have one.
        guard !registry.contains("/"), registry != ".", registry != ".." else { return nil }
        var names = [registry]
        if let colon = registry.lastIndex(of: ":"), !registry.hasSuffix("]") {
            names.insert("\(registry[..<colon])_\(registry[registry.index(after: colon)...])_", at: 0)
        }
        for name in names + ["_default"] {
            for folder in folders where isFolder("\(folder)/\(name)") { return "\(folder)/\(name)" }
        }
        return nil
    }

    private func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
