internal import Isolation
internal import Linux
public import OCISpec
internal import RootFilesystem
internal import Seccomp
internal import Support

extension NamespaceIsolation {
    /// Throws for what this isolation does not honour, naming the field; what needs the kernel's view comes later.
    public func validate(_ configuration: RuntimeConfiguration) throws {
        guard configuration.root != nil else { throw RuntimeError(.invalidArgument, "root: missing from config.json") }
        // Without a process there is a container all the same; only its start is an error (runtime.md, Start).
        if let process = configuration.process { try validate(process) }
        let linux = configuration.linux ?? RuntimeConfiguration.Linux()
        try checkNamespaces(configuration, linux)
        try checkPaths(linux)
        try checkUnsupported(linux)
        try checkSysctls(linux.sysctl, linux, domainname: configuration.domainname)
    }

    /// Throws for what this isolation does not honour of a process, whether `create`'s or `exec`'s.
    public func validate(_ process: RuntimeConfiguration.Process) throws {
        if process.args.isEmpty { throw RuntimeError(.invalidArgument, "process.args: no program to execute") }
        guard process.cwd.hasPrefix("/") else {
            throw RuntimeError(.invalidArgument, "process.cwd: \"\(process.cwd)\" is not an absolute path")
        }
        _ = try Scheduling(process)
        _ = try ExecAffinity(process.execCPUAffinity)
        _ = try SecurityLabels(process)
    }

    private func checkNamespaces(
        _ configuration: RuntimeConfiguration, _ linux: RuntimeConfiguration.Linux
    ) throws(RuntimeError) {
        let seen = linux.namespaces.map(\.type)
        for (index, kind) in seen.enumerated() where seen[..<index].contains(kind) {
            throw RuntimeError(.invalidArgument, "linux.namespaces[\(index)]: a second \(kind.rawValue) namespace")
        }
        func makes(_ kind: RuntimeConfiguration.Namespace.Kind) -> Bool {
            linux.namespaces.contains { $0.type == kind && ($0.path ?? "").isEmpty }
        }
        guard makes(.mount) else {
            throw RuntimeError(.unsupported, "linux.namespaces: a new mount namespace is required")
        }
        let mapped = !linux.uidMappings.isEmpty || !linux.gidMappings.isEmpty
        if makes(.user) && (linux.uidMappings.isEmpty || linux.gidMappings.isEmpty) {
            throw RuntimeError(
                .invalidArgument, "linux.uidMappings and linux.gidMappings: a new user namespace needs both")
        }
        if mapped && !seen.contains(.user) {
            throw RuntimeError(.invalidArgument, "linux.uidMappings: given without a user namespace")
        }
        if !(configuration.hostname ?? "").isEmpty && !seen.contains(.uts) {
            throw RuntimeError(.invalidArgument, "hostname: needs a uts namespace of the container's own")
        }
        if !(configuration.domainname ?? "").isEmpty && !seen.contains(.uts) {
            throw RuntimeError(.invalidArgument, "domainname: needs a uts namespace of the container's own")
        }
        if !linux.timeOffsets.isEmpty && !makes(.time) {
            throw RuntimeError(.invalidArgument, "linux.timeOffsets: needs a new time namespace")
        }
    }

    private func checkPaths(_ linux: RuntimeConfiguration.Linux) throws(RuntimeError) {
        for (field, paths) in [("maskedPaths", linux.maskedPaths), ("readonlyPaths", linux.readonlyPaths)] {
            for (index, path) in paths.enumerated() where !path.utf8.starts(with: "/".utf8) {
                throw RuntimeError(.invalidArgument, "linux.\(field)[\(index)]: \"\(path)\" is not an absolute path")
            }
        }
    }

    private func checkUnsupported(_ linux: RuntimeConfiguration.Linux) throws(RuntimeError) {
        if let label = linux.mountLabel, !label.isEmpty, !SecurityModule.selinux.isEnabled {
            throw RuntimeError(.unsupported, "linux.mountLabel \(label): SELinux is not enabled in this kernel")
        }
        if let policy = linux.memoryPolicy { _ = try MemoryPolicy(policy) }
        let hasNetwork = linux.namespaces.contains { $0.type == .network }
        try NetworkDevices.check(linux.netDevices, hasNamespace: hasNetwork)
    }

    /// What `features` prints.
    public var features: RuntimeFeatures {
        var features = RuntimeFeatures()
        features.hooks = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
        features.namespaces = ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]
        features.capabilities = CapabilitySet.names
        features.mountOptions = MountOptionWords.all
        features.idmap = true
        features.cgroup = ["v1": true, "v2": true, "systemd": true, "systemdUser": true, "rdma": true]
        features.seccompActions = RuntimeConfiguration.Seccomp.Action.allCases.map(\.rawValue)
        features.seccompOperators = RuntimeConfiguration.Seccomp.Operator.allCases.map(\.rawValue)
        features.seccompArchitectures = RuntimeConfiguration.Seccomp.Architecture.allCases.map(\.rawValue)
        let flags = RuntimeConfiguration.Seccomp.Flag.allCases
        features.seccompKnownFlags = flags.map(\.rawValue)
        features.seccompSupportedFlags = flags.filter(\.isInKernel).map(\.rawValue)
        features.memoryPolicyModes = RuntimeConfiguration.MemoryPolicy.Mode.allCases.map(\.rawValue)
        features.memoryPolicyFlags = RuntimeConfiguration.MemoryPolicy.Flag.allCases.map(\.rawValue)
        features.netDevices = true
        features.annotations = ["org.opencontainers.runc.checkpoint.enabled": "true"]
        (features.apparmor, features.selinux, features.intelRdt) = (true, true, true)
        return features
    }
}
