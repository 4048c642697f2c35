internal import ContainerService
internal import JSON
internal import Linux
internal import Support

/// The body of `POST /containers/create`, translated to what the container shall be.
struct CreateRequest {
    private let body: JSONValue
    private let host: JSONValue

    init(_ body: JSONValue) {
        self.body = body
        host = body["HostConfig"] ?? .null
    }

    /// The image, as it was asked for.
    func image() throws -> String {
        guard let image = body["Image"]?.text, !image.isEmpty else {
            throw APIError(400, "no image specified")
        }
        return image
    }

    /// Places that want a volume of their own.
    var volumes: [String] { body["Volumes"]?.fields.map(\.name) ?? [] }

    /// The desired configuration.
    ///
    /// - Parameter find: the whole id of the container that a name means.
    /// - Throws: ``APIError`` that names the field which can't be honoured.
    func specification(name: String?, find: (String) throws -> String) throws -> ContainerSpecification {
        try UnsupportedFields.check(body, host)
        var wanted = ContainerSpecification(image: try image())
        wanted.name = name
        wanted.entrypoint = try words("Entrypoint")
        // An entrypoint of one empty word takes the image's away.
        if wanted.entrypoint == [""] { wanted.entrypoint = [] }
        wanted.command = try words("Cmd") ?? []
        wanted.environment = body["Env"]?.strings ?? []
        wanted.workingFolder = text(body, "WorkingDir")
        wanted.user = text(body, "User")
        wanted.hostname = text(body, "Hostname")
        wanted.labels = body["Labels"]?.map ?? [:]
        wanted.terminal = body["Tty"]?.isTrue ?? false
        wanted.interactive = body["OpenStdin"]?.isTrue ?? false
        wanted.endsInputWithClient = body["StdinOnce"]?.isTrue ?? false
        wanted.stopSignal = text(body, "StopSignal")
        wanted.stopTimeout = body["StopTimeout"]?.number()
        wanted.readOnlyRoot = host["ReadonlyRootfs"]?.isTrue ?? false
        wanted.removesItself = host["AutoRemove"]?.isTrue ?? false
        wanted.runtime = text(host, "Runtime")
        wanted.mounts = try MountRequest.mounts(host)
        wanted.security = try security()
        wanted.log = try log()
        wanted.restart = try restart(wanted.removesItself)
        let limits = LimitRequest(host)
        wanted.limits = try limits.limits()
        wanted.resourceLimits = try limits.resourceLimits()
        try setNetwork(&wanted, find)
        var shown = body
        shown["NetworkingConfig"] = nil
        wanted.request = shown
        return wanted
    }

    private func text(_ object: JSONValue, _ name: String) -> String? {
        object[name]?.text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A list of words, or one word for itself; nil where it is absent or null.
    private func words(_ name: String) throws -> [String]? {
        switch body[name] {
        case nil, .null?: return nil
        case .string(let word)?: return [word]
        case .array(let items)?:
            let words = items.compactMap(\.text)
            guard words.count == items.count else { throw APIError(400, "\(name): not a list of strings") }
            return words
        default: throw APIError(400, "\(name): not a list of strings")
        }
    }

    private func setNetwork(_ wanted: inout ContainerSpecification, _ find: (String) throws -> String) throws {
        let mode = text(host, "NetworkMode") ?? "default"
        switch mode {
        case "none": wanted.network = .none
        case "host": wanted.network = .host
        case let other where other.hasPrefix("container:"):
            wanted.sharesNetworkOf = try find(String(other.dropFirst("container:".count)))
        case "default", "bridge":
            throw APIError(
                501, "bridged networks are not supported yet: use --network none, host or container:NAME")
        default: throw APIError(404, "network \(mode) not found")
        }
    }

    private func security() throws -> ContainerSpecification.Security {
        var security = ContainerSpecification.Security()
        security.addedCapabilities = host["CapAdd"]?.strings ?? []
        security.droppedCapabilities = host["CapDrop"]?.strings ?? []
        security.privileged = host["Privileged"]?.isTrue ?? false
        for option in host["SecurityOpt"]?.strings ?? [] {
            let parts = option.split(separator: option.contains("=") ? "=" : ":", maxSplits: 1).map(String.init)
            switch (parts.first ?? "", parts.count > 1 ? parts[1] : "") {
            case ("no-new-privileges", let value): security.noNewPrivileges = value != "false"
            case ("seccomp", "unconfined"): security.seccomp = .unconfined
            case ("seccomp", "builtin"): security.seccomp = .standard
            case ("seccomp", let profile): security.seccomp = .profile(Array(profile.utf8))
            case ("label", "disable"), ("apparmor", "unconfined"): break
            default: throw APIError(501, "--security-opt \"\(option)\" is not supported")
            }
        }
        return security
    }

    private func log() throws -> ContainerSpecification.Log {
        var log = ContainerSpecification.Log()
        let wanted = host["LogConfig"] ?? .null
        if let driver = text(wanted, "Type") { log.driver = driver }
        guard ["json-file", "none"].contains(log.driver) else {
            throw APIError(501, "log driver \"\(log.driver)\" is not supported: there are json-file and none")
        }
        for (name, value) in wanted["Config"]?.map ?? [:] {
            switch name {
            case "max-size": log.maximumSize = Int(try SizeText.bytes(value, name))
            case "max-file":
                guard let count = Int(value), count > 0 else { throw APIError(400, "max-file: \"\(value)\"") }
                log.maximumFiles = count
            default: throw APIError(400, "unknown log opt '\(name)' for \(log.driver) log driver")
            }
        }
        return log
    }

    private func restart(_ removesItself: Bool) throws -> ContainerSpecification.RestartPolicy {
        let wanted = host["RestartPolicy"] ?? .null
        let most = wanted["MaximumRetryCount"]?.number(Int.self) ?? 0
        let name = wanted["Name"]?.text ?? ""
        guard let policy = ContainerSpecification.RestartPolicy(name: name, most: most) else {
            throw APIError(400, "invalid restart policy: unknown policy '\(name)'")
        }
        if removesItself && policy != .never {
            throw APIError(400, "can't create 'AutoRemove' container with restart policy")
        }
        return policy
    }
}

/// `10m` and the like, as log options have them.
enum SizeText {
    static func bytes(_ text: String, _ name: String) throws -> Int64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units: [String: Int64] = [
            "": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30,
        ]
        guard let number = Int64(digits), let unit = units[text.dropFirst(digits.count).lowercased()],
            !number.multipliedReportingOverflow(by: unit).overflow, number > 0
        else { throw APIError(400, "invalid value for \(name): \"\(text)\"") }
        return number * unit
    }
}
