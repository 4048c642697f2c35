internal import Support

/// The fields that a host's table and the top of `hosts.toml` share.
struct HostFields {
    /// What stands before a field's name in an error.
    let path: String
    var files = TLSFiles()
    private(set) var overridesPath = false
    private var capabilities = RegistryHost.Capabilities.all
    private var headers: [RegistryHost.Header] = []
    private var dialTimeout: Double?

    init(path: String) { self.path = path }

    static func wrong(_ field: String, _ reason: String) -> RuntimeError {
        RuntimeError(.invalidArgument, "\(field): \(reason)")
    }

    func apply(to host: inout RegistryHost) {
        host.capabilities = capabilities
        host.headers = headers
        host.dialTimeout = dialTimeout
    }

    mutating func read(_ name: String, _ value: TOMLValue) throws {
        let field = path + name
        switch name {
        case "capabilities": capabilities = try Self.capabilities(value, field)
        case "ca": files.authorities = try Self.strings(value, field)
        case "client": files.clients = try Self.clients(value, field)
        case "skip_verify": files.skipsVerification = try Self.boolean(value, field)
        case "override_path": overridesPath = try Self.boolean(value, field)
        case "dial_timeout": dialTimeout = try Self.duration(value, field)
        case "header": headers = try Self.headers(value, field)
        default: throw Self.wrong(field, "an unknown field")
        }
    }

    private static func capabilities(_ value: TOMLValue, _ field: String) throws -> RegistryHost.Capabilities {
        try strings(value, field).reduce(into: []) { all, name in
            guard let known = RegistryHost.Capabilities.named[name] else {
                throw wrong(field, "\"\(name)\" is none of pull, resolve and push")
            }
            all.formUnion(known)
        }
    }

    private static func boolean(_ value: TOMLValue, _ field: String) throws -> Bool {
        guard case .boolean(let on) = value else { throw wrong(field, "expected true or false, not \(value.kind)") }
        return on
    }

    /// One string or several.
    private static func strings(_ value: TOMLValue, _ field: String) throws -> [String] {
        switch value {
        case .string(let text): return [text]
        case .array(let values):
            return try values.map { value in
                guard case .string(let text) = value else { throw wrong(field, "expected strings, not \(value.kind)") }
                return text
            }
        default: throw wrong(field, "expected a string or several, not \(value.kind)")
        }
    }

    /// A file, several files, or pairs of a certificate and a key.
    private static func clients(_ value: TOMLValue, _ field: String) throws -> [TLSFiles.Client] {
        guard case .array(let values) = value else {
            return try strings(value, field).map { TLSFiles.Client(certificate: $0) }
        }
        return try values.map { value in
            let files = try strings(value, field)
            guard (1...2).contains(files.count), let certificate = files.first else {
                throw wrong(field, "expected pairs of a certificate and a key")
            }
            return TLSFiles.Client(certificate: certificate, key: files.count == 2 ? files[1] : nil)
        }
    }

    private static func headers(_ value: TOMLValue, _ field: String) throws -> [RegistryHost.Header] {
        guard case .table(let table) = value else { throw wrong(field, "expected a table, not \(value.kind)") }
        return try table.names.flatMap { name in
            let texts = try table[name].map { try strings($0, "\(field).\(name)") } ?? []
            guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }),
                texts.allSatisfy({ text in text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } })
            else { throw wrong("\(field).\(name)", "no valid HTTP header") }
            return texts.map { RegistryHost.Header(name: name, value: $0) }
        }
    }

    /// `1.5s`, `250ms`, `1m30s`, as Go writes durations.
    static func duration(_ value: TOMLValue, _ field: String) throws -> Double {
        guard case .string(let text) = value, !text.isEmpty else {
            throw wrong(field, "expected a duration such as \"3s\"")
        }
        let units: [(name: String, seconds: Double)] = [
            ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("s", 1), ("m", 60), ("h", 3600),
        ]
        var rest = text[...]
        var seconds = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[digits.endIndex...]
            guard let number = Double(digits), let unit = units.first(where: { rest.hasPrefix($0.name) }) else {
                throw wrong(field, "\"\(text)\" is no duration such as \"3s\"")
            }
            seconds += number * unit.seconds
            rest = rest.dropFirst(unit.name.count)
        }
        guard seconds > 0, seconds <= 86400 else { throw wrong(field, "\"\(text)\" is out of range") }
        return seconds
    }
}
