internal import Support

/// A registry's `hosts.toml`, as containerd reads it: mirrors in the order written, then the server.
struct HostFile {
    /// The hosts with paths to certificates not yet read.
    var hosts: [Entry] = []

    /// One host's table.
    struct Entry {
        var host: RegistryHost
        var files = TLSFiles()
    }

    private let registry: String

    /// Parses the file of `registry`; an unknown field, or one with a wrong value, is an error that names it.
    ///
    /// - Parameter standard: the registry itself where the file names no `server`.
    init(_ bytes: [UInt8], registry: String, standard: RegistryHost) throws {
        self.registry = registry
        let table = try TOMLReader.document(bytes)
        var fields = HostFields(path: "")
        var server: String?
        var mirrors: [(name: String, table: TOMLTable)] = []
        for name in table.names {
            guard let value = table[name] else { continue }
            switch (name, value) {
            case ("server", .string(let text)): server = text
            case ("host", .table(let inner)):
                mirrors = try inner.names.map { name in
                    guard case .table(let fields)? = inner[name] else {
                        throw HostFields.wrong("host.\"\(name)\"", "expected a table")
                    }
                    return (name, fields)
                }
            default: try fields.read(name, value)
            }
        }
        for mirror in mirrors { hosts.append(try entry(mirror.name, mirror.table)) }
        hosts.append(try last(server, fields, standard))
    }

    private func entry(_ name: String, _ table: TOMLTable) throws -> Entry {
        var fields = HostFields(path: "host.\"\(name)\".")
        for field in table.names {
            if let value = table[field] { try fields.read(field, value) }
        }
        return Entry(host: try host(name, fields), files: fields.files)
    }

    private func last(_ server: String?, _ fields: HostFields, _ standard: RegistryHost) throws -> Entry {
        guard let server else {
            var host = standard
            fields.apply(to: &host)
            return Entry(host: host, files: fields.files)
        }
        return Entry(host: try host(server, fields), files: fields.files)
    }

    private func host(_ text: String, _ fields: HostFields) throws -> RegistryHost {
        guard let address = Address(text.contains("://") ? text : "https://\(text)"), !address.target.contains("?")
        else {
            throw HostFields.wrong(fields.path.isEmpty ? "server" : "host", "\"\(text)\" is no http or https address")
        }
        var target = address.target
        while target.hasSuffix("/") { target.removeLast() }
        if !fields.overridesPath, !target.hasSuffix("/v2") { target += "/v2" }
        let base = Address(isSecure: address.isSecure, authority: address.authority, target: target)
        let standard = RegistryHost.standard(registry, isPlain: !base.isSecure).base
        var host = RegistryHost(base: base)
        if base.authority.lowercased() != standard.authority.lowercased() { host.mirrored = registry }
        fields.apply(to: &host)
        return host
    }
}
