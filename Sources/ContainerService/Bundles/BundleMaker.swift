internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// Makes a bundle's `config.json` from a merged specification; reads the root, changes nothing.
struct BundleMaker {
    /// What the container shall be, the image's defaults included.
    let specification: ContainerSpecification
    /// The container's id.
    let id: String
    /// What of the host matters.
    let host: HostFacts
    /// The folder of the generated files.
    let filesFolder: String
    /// The folder of the named volumes.
    let volumes: Volumes
    /// The network namespace that it joins; nil is what the specification says.
    var networkPath: String?

    /// The host name inside.
    var hostname: String {
        specification.hostname ?? (specification.network == .host ? host.hostname : String(id.prefix(12)))
    }

    /// The document, for the root mounted at `rootPath`.
    func configuration(root: borrowing RootDirectory, rootPath: String) throws -> RuntimeConfiguration {
        let user = try UserResolution(specification.user ?? "", in: root)
        let granted = try ContainerCapabilities.granted(specification.security, available: host.capabilities)
        var document = RuntimeConfiguration(ociVersion: "1.0.2")
        document.root = .init(path: rootPath, readonly: specification.readOnlyRoot)
        document.hostname = hostname
        document.process = try process(user, granted)
        document.mounts = try mounts()
        document.linux = try linux(granted)
        return document
    }

    private func process(_ user: UserResolution, _ granted: [String]) throws -> RuntimeConfiguration.Process {
        var process = RuntimeConfiguration.Process(
            args: specification.arguments, env: environment(home: user.home), cwd: specification.workingFolder ?? "/")
        process.terminal = specification.terminal
        process.user = user.user
        process.capabilities = ContainerCapabilities.sets(granted, uid: user.user.uid)
        process.noNewPrivileges = specification.security.noNewPrivileges
        process.rlimits = try specification.resourceLimits.map { limit in
            guard let kind = RuntimeConfiguration.ResourceLimit.Kind(rawValue: "RLIMIT_\(limit.name.uppercased())")
            else { throw RuntimeError(.invalidArgument, "resource limit \"\(limit.name)\": unknown") }
            return .init(type: kind, soft: limit.soft, hard: limit.hard)
        }
        return process
    }

    /// Docker's defaults under what image and request say.
    private func environment(home: String) -> [String] {
        var defaults = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=\(hostname)"]
        if specification.terminal { defaults.append("TERM=xterm") }
        let all = ContainerSpecification.environment(defaults, specification.environment)
        return all.contains { $0.hasPrefix("HOME=") } ? all : all + ["HOME=\(home)"]
    }

    private func linux(_ granted: [String]) throws -> RuntimeConfiguration.Linux {
        let privileged = specification.security.privileged
        var linux = RuntimeConfiguration.Linux()
        var kinds: [RuntimeConfiguration.Namespace.Kind] = [.pid, .mount, .ipc, .uts, .cgroup]
        if specification.network == .none, networkPath == nil { kinds.append(.network) }
        linux.namespaces = kinds.map { .init(type: $0) }
        if let networkPath { linux.namespaces.append(.init(type: .network, path: networkPath)) }
        linux.cgroupsPath = "/hako/\(id)"
        linux.resources = ResourceLimits.resources(specification.limits, host: host)
        if privileged {
            linux.resources?.devices = [.init(allow: true, access: "rwm")]
            linux.devices = host.devices
        } else {
            linux.resources?.devices = StandardMounts.deviceRules
            linux.maskedPaths = StandardMounts.maskedPaths
            linux.readonlyPaths = StandardMounts.readonlyPaths
            linux.seccomp = try SeccompFilter.make(specification.security.seccomp, capabilities: granted)
        }
        return linux
    }

    /// Default file systems, then generated files and what was asked for, outer folders before inner ones. What was asked for stands in
    /// for a default on the same place.
    private func mounts() throws -> [RuntimeConfiguration.Mount] {
        let own = try specification.mounts.map(mount)
        let taken = Set(own.map(\.destination))
        let files = ContainerFiles(folder: filesFolder).mounts().filter { !taken.contains($0.destination) }
        let sorted = (files + own).enumerated().sorted { left, right in
            (depth(left.element.destination), left.offset) < (depth(right.element.destination), right.offset)
        }
        let standard = StandardMounts.fileSystems(writable: specification.security.privileged)
        return standard.filter { !taken.contains($0.destination) } + sorted.map(\.element)
    }

    private func depth(_ path: String) -> Int { path.split(separator: "/").count }

    private func mount(_ wanted: ContainerSpecification.VolumeMount) throws -> RuntimeConfiguration.Mount {
        switch wanted.source {
        case .bind(let path, _): return bind(path, wanted)
        case .volume(let name): return bind(volumes.path(name), wanted)
        case .memory:
            return .init(
                destination: wanted.destination, type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "nodev", "noexec"].filter { !wanted.options.contains(String($0.dropFirst(2))) }
                    + wanted.options)
        }
    }

    private func bind(_ source: String, _ wanted: ContainerSpecification.VolumeMount) -> RuntimeConfiguration.Mount {
        let propagations: Set = ["private", "rprivate", "shared", "rshared", "slave", "rslave"]
        var options = wanted.options
        if !options.contains("bind") { options.insert("rbind", at: 0) }
        if !options.contains(where: propagations.contains) { options.append("rprivate") }
        return .init(destination: wanted.destination, type: "bind", source: source, options: options)
    }
}
