internal import CLinux
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import RootFilesystem
internal import Support

extension InitStage {
    /// Builds the container's root and makes it `/`.
    func buildRoot(_ channel: borrowing SyncChannel) throws {
        try setRootPropagation(linux.rootfsPropagation?.isPrivate == true ? .private : .slave, recursive: true)
        if !opensEarly { try openSources() }
        let prepared = self.root
        let root = try attempt("attach root.path \(prepared.path)") { try ContainerRoot.attach(prepared) }
        if namespaces.unsharesCgroup {
            try check("unshare", "cgroup namespace") { cl_unshare(Int32(truncatingIfNeeded: CL_CLONE_NEWCGROUP)) }
        }
        for mount in mounts {
            if mount.type == "cgroup" || mount.type == "cgroup2" {
                try root.mountCgroup(mount, privateView: namespaces.hasCgroupView)
            } else {
                try root.mount(mount, hostView: hostView(of: mount.type))
                if mount.type == "mqueue", let mountLabel { try root.label(mount.destination, mountLabel) }
            }
        }
        try furnishDevices(root)
        let console = try makeConsole(root)
        try channel.expect(.hooked)
        try runContainerHooks()
        try finish(root, console: console)
    }

    /// The host's folder that stands in for a file system whose namespace is the host's too.
    private func hostView(of type: String) -> String? {
        switch type {
        case "sysfs" where !namespaces.has(.network): "/sys"
        case "proc" where !namespaces.has(.pid): "/proc"
        case "mqueue" where !namespaces.has(.ipc): "/dev/mqueue"
        default: nil
        }
    }

    /// `linux.mountLabel`, where there is one.
    private var mountLabel: String? { linux.mountLabel.flatMap { $0.isEmpty ? nil : $0 } }

    /// Nodes and links go into a /dev that is the container's own; one bound from the host is left as it is.
    private func furnishDevices(_ root: borrowing ContainerRoot) throws {
        if mounts.contains(where: { $0.isBind(at: "/dev") }) { return }
        if deviceNodes.isEmpty {
            try root.makeDevices(devices)
        } else {
            try root.bindDevices(devices, from: deviceNodes)
        }
        try root.makeDeviceLinks()
    }

    private func makeConsole(_ root: borrowing ContainerRoot) throws -> Console? {
        guard process.terminal else { return nil }
        let size = process.consoleSize
        let console = try root.makeConsole(
            rows: size?.height ?? 0, columns: size?.width ?? 0, keepsLineFeeds: request.relaysConsole)
        if let socket = request.consoleSocket { try last.send(console.master, to: socket) }
        return console
    }

    private func runContainerHooks() throws {
        guard let hooks = configuration.hooks?.createContainer, !hooks.isEmpty else { return }
        try runHooks(hooks, kind: "createContainer", state: state(.created))
    }

    /// The container's state as its hooks see it.
    func state(_ status: ContainerState.Status) -> [UInt8] {
        ContainerState(
            id: request.id, status: status, pid: getpid(), bundle: request.bundle,
            annotations: configuration.annotations
        ).json()
    }

    private func finish(_ root: borrowing ContainerRoot, console: consuming Console?) throws {
        _ = try root.directory.openMakingDirectories(process.cwd)
        for mount in mounts where mount.isReadOnlyDev { try root.makeReadOnly(mountAt: mount.destination) }
        if configuration.root?.readonly == true { try root.makeReadOnly() }
        try writeSysctls(linux.sysctl)
        try root.pivot()
        try root.mask(linux.maskedPaths, label: mountLabel)
        try root.makeReadOnly(linux.readonlyPaths)
        if let propagation = linux.rootfsPropagation, !propagation.isPrivate, !propagation.isSlave {
            try setRootPropagation(propagation.kind, recursive: propagation.isRecursive)
        }
        if let console { try last.take(console.takeSlave()) }
    }
}

extension RuntimeConfiguration.Linux.Propagation {
    var isPrivate: Bool { self == .private || self == .rprivate }
    var isSlave: Bool { self == .slave || self == .rslave }
    var isRecursive: Bool { rawValue.hasPrefix("r") }
    /// The kernel's propagation type.
    var kind: MountPropagation {
        switch self {
        case .private, .rprivate: .private
        case .shared, .rshared: .shared
        case .slave, .rslave: .slave
        case .unbindable, .runbindable: .unbindable
        }
    }
}
