internal import ContainerService
internal import Glibc
internal import Linux
internal import Support

extension ContainerOptions {
    /// The desired configuration that these options and the words after them describe.
    ///
    /// - Throws: `invalidArgument` that names the option.
    func specification(image: String, command: [String]) throws -> ContainerSpecification {
        var wanted = ContainerSpecification(image: image)
        wanted.name = name
        wanted.command = command
        wanted.entrypoint = entrypoint.map { $0.isEmpty ? [] : [$0] }
        wanted.environment = try environment()
        wanted.workingFolder = workdir
        wanted.user = user
        wanted.hostname = hostname
        wanted.labels = try labels()
        wanted.terminal = tty
        wanted.interactive = interactive
        wanted.readOnlyRoot = readOnly
        wanted.network = try networkMode()
        wanted.mounts = try volume.map(VolumeText.mount) + tmpfs.map(VolumeText.memory)
        wanted.limits = try limits.limits()
        wanted.resourceLimits = try limits.ulimit.map { text in
            let limit = try Quantities.resourceLimit(text)
            return .init(name: limit.name, soft: limit.soft, hard: limit.hard)
        }
        wanted.security = try security.security()
        wanted.stopSignal = stopSignal
        return wanted
    }

    private func networkMode() throws -> ContainerSpecification.Network {
        guard let text = network ?? net else { return .none }
        if let known = ContainerSpecification.Network(rawValue: text) { return known }
        throw RuntimeError(.unsupported, "--network \"\(text)\": only none and host are there yet")
    }

    /// Files first, then options; a name without a value takes this program's own.
    private func environment() throws -> [String] {
        var entries: [String] = []
        for path in envFile { entries += try Self.entries(ofFile: path) }
        entries += env
        return entries.compactMap { entry in
            if entry.contains("=") { return entry }
            return getenv(entry).map { "\(entry)=\(String(cString: $0))" }
        }
    }

    private static func entries(ofFile path: String) throws -> [String] {
        let text = try attempt("--env-file") { String(decoding: try readFile(path, limit: 1 << 20), as: UTF8.self) }
        return try text.split(separator: "\n", omittingEmptySubsequences: true).compactMap { line in
            let entry = String(line.drop { $0 == " " || $0 == "\t" })
            if entry.isEmpty || entry.hasPrefix("#") { return nil }
            let name = entry.prefix { $0 != "=" }
            if name.isEmpty || name.contains(" ") {
                throw RuntimeError(.invalidArgument, "--env-file \(path): \"\(name)\" is no name of a variable")
            }
            return entry
        }
    }

    private func labels() throws -> [String: String] {
        var labels: [String: String] = [:]
        for text in label {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, !name.isEmpty else {
                throw RuntimeError(.invalidArgument, "--label \"\(text)\": not NAME=VALUE")
            }
            labels[String(name)] = parts.count > 1 ? String(parts[1]) : ""
        }
        return labels
    }
}

extension LimitOptions {
    func limits() throws -> ContainerSpecification.Limits {
        var limits = ContainerSpecification.Limits()
        limits.memory = try memory.map { try Quantities.bytes($0, option: "memory") }
        limits.memorySwap = try memorySwap.map { $0 == "-1" ? -1 : try Quantities.bytes($0, option: "memory-swap") }
        limits.memoryReservation = try memoryReservation.map { try Quantities.bytes($0, option: "memory-reservation") }
        limits.milliCPUs = try cpus.map(Quantities.milliCPUs)
        limits.cpuShares = try cpuShares.map { try Quantities.integer($0, option: "cpu-shares", least: 2) }
        limits.cpus = cpusetCpus
        limits.memoryNodes = cpusetMems
        limits.pids = try pidsLimit.map { try Quantities.integer($0, option: "pids-limit", least: -1) }
        if let swap = limits.memorySwap, swap >= 0, let memory = limits.memory, swap < memory {
            throw RuntimeError(.invalidArgument, "--memory-swap: less than --memory, which it includes")
        }
        return limits
    }
}

extension SecurityOptions {
    func security() throws -> ContainerSpecification.Security {
        var security = ContainerSpecification.Security()
        security.addedCapabilities = capAdd
        security.droppedCapabilities = capDrop
        security.privileged = privileged
        for text in securityOpt {
            switch text {
            case "no-new-privileges", "no-new-privileges=true", "no-new-privileges:true":
                security.noNewPrivileges = true
            case "no-new-privileges=false", "no-new-privileges:false": security.noNewPrivileges = false
            case "seccomp=unconfined", "seccomp:unconfined": security.seccomp = .unconfined
            case "seccomp=builtin": security.seccomp = .standard
            default:
                guard text.hasPrefix("seccomp="), text.utf8.count > 8 else {
                    throw RuntimeError(
                        .unsupported,
                        "--security-opt \"\(text)\": known are no-new-privileges, seccomp=unconfined and seccomp=FILE")
                }
                let path = String(text.dropFirst(8))
                security.seccomp = .profile(
                    try attempt("--security-opt seccomp") { try readFile(path, limit: 4 << 20) })
            }
        }
        return security
    }
}
