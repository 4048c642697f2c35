internal import CLinux
internal import Cgroups
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import RootFilesystem
internal import Support

/// Everything the container's process needs, opened and compiled before it exists; then what it does until exec.
struct InitStage {
    let configuration: RuntimeConfiguration
    let process: RuntimeConfiguration.Process
    let linux: RuntimeConfiguration.Linux
    let request: LaunchRequest
    let namespaces: NamespacePlan
    let root: PreparedRoot
    let mounts: [PreparedMount]
    let devices: [DeviceNode]
    let deviceNodes: [PreparedMount]
    /// How a new user namespace gets its ids; nil where none is made.
    let userMappings: UserMappings?
    /// Host folders and files are opened before the process exists; an ordinary user's runtime may not do that, and
    /// leaves it to the process, which may in its own user and mount namespaces.
    let opensEarly: Bool
    let last: ProgramStage
    /// Devices for the container's network namespace; nil where there are none.
    let networkDevices: NetworkDevices?

    init(_ request: LaunchRequest) throws {
        guard let root = request.configuration.root else {
            throw RuntimeError(.invalidArgument, "config.json has no root")
        }
        let process = request.configuration.process ?? RuntimeConfiguration.Process()
        let linux = request.configuration.linux ?? RuntimeConfiguration.Linux()
        (self.request, self.process, self.linux, configuration) = (request, process, linux, request.configuration)
        let namespaces = try NamespacePlan(linux.namespaces)
        try checkSetInHost(request.configuration, linux, namespaces)
        let path = root.path.hasPrefix("/") ? root.path : "\(request.bundle)/\(root.path)"
        let propagation: MountPropagation = linux.rootfsPropagation?.isPrivate == true ? .private : .slave
        opensEarly = geteuid() == 0
        self.root = PreparedRoot(path: path, propagation: propagation)
        mounts = try Self.mounts(request, linux, root: RootPath(path))
        devices = try DeviceNode.all(linux.devices)
        deviceNodes = namespaces.hasUser ? try devices.map { try $0.hostNode() } : []
        userMappings =
            namespaces.makes(.user) ? try UserMappings(uids: linux.uidMappings, gids: linux.gidMappings) : nil
        self.namespaces = namespaces
        networkDevices = try NetworkDevices(linux.netDevices)
        last = try ProgramStage(
            process, in: request.configuration, preservedDescriptors: request.preservedDescriptors)
        if opensEarly { try openSources() } else { try checkOrdinaryUser() }
    }

    /// A destination that repeats the root's host path counts from there, as in runc and crun.
    private static func mounts(
        _ request: LaunchRequest, _ linux: RuntimeConfiguration.Linux, root: RootPath
    ) throws -> [PreparedMount] {
        let mounts = try request.configuration.mounts.enumerated().map { index, mount in
            try PreparedMount(
                destination: root.inside(mount.destination) ?? mount.destination, type: mount.type,
                source: mount.source, options: mount.options(labelled: linux.mountLabel), bundle: request.bundle,
                field: "mounts[\(index)]")
        }
        for (index, mount) in mounts.enumerated() { mount.findSource(in: root, after: mounts[..<index]) }
        return mounts
    }

    /// Opens the root, the bind sources and the devices that are bound.
    func openSources() throws {
        try root.open(fromWorkingDirectory: !opensEarly)
        var mappings = MountMappings(linux, joined: namespaces.userJoin?.descriptor)
        for (mount, wanted) in zip(mounts, configuration.mounts) {
            let namespace = try mappings.namespace(wanted, asked: mount.options.idMap != nil, field: mount.field)
            try mount.openSource(idMap: namespace.map { ($0, mount.options.idMap ?? .single) })
        }
        try openDevices()
    }

    /// The host's node is bound; where it has none, one is made, as in crun. An ordinary user may not do that.
    private func openDevices() throws {
        let pairs = zip(devices, deviceNodes).filter { device, _ in device.kind != .fifo }
        let missing = opensEarly ? pairs.filter { _, node in node.lacksSource } : []
        try DeviceNode.make(missing.map { device, _ in device.asOnHost(linux) }, for: missing.map { $1 })
        for (_, node) in pairs where !missing.contains(where: { $1 === node }) { try node.openSource() }
    }

    private func checkOrdinaryUser() throws {
        guard namespaces.hasUser else {
            throw RuntimeError(
                .permissionDenied, "linux.namespaces: an ordinary user's container needs a user namespace")
        }
        for (mount, wanted) in zip(mounts, configuration.mounts) {
            if mount.options.idMap != nil || !wanted.uidMappings.isEmpty {
                throw RuntimeError(.permissionDenied, "\(mount.field): an ordinary user can't make id-mapped mounts")
            }
            try mount.checkSource()
        }
    }

    /// What the runtime's own process must do before it clones: its working directory becomes the root's folder, which
    /// the child then has in its own mount namespace. The runtime leaves it again at once.
    func prepareCaller() throws {
        try check("chdir", root.path) { chdir(root.path) }
        umask(0)
    }

    /// Makes the time namespace with its offsets and enters it, as its first process.
    private func makeTimeNamespace() throws {
        let kind = Int32(truncatingIfNeeded: CL_CLONE_NEWTIME)
        try check("unshare", "time namespace") { cl_unshare(kind) }
        for (clock, offset) in linux.timeOffsets {
            try attempt("linux.timeOffsets.\(clock)") {
                try writeText("\(clock) \(offset.secs) \(offset.nanosecs)", to: "/proc/self/timens_offsets")
            }
        }
        let made = try Descriptor.open("/proc/self/ns/time_for_children", O_RDONLY)
        let raw = made.rawValue
        try check("setns", "time namespace") { cl_setns(raw, kind) }
    }

    /// The life of the container's process from clone to exec. Never returns; a failure goes to whoever waits for it.
    func run(_ socket: Int32) -> Never {
        let channel = SyncChannel(Descriptor(owning: socket))
        do {
            let labels = try last.credentials.labels.open()
            let program = try setUp(channel)
            guard let gate = request.startSocket else { throw become(program, labels, channel.rawValue) }
            // From here on the process answers to `start`; the runtime may go.
            try closeAll(but: labels.descriptors + [gate.rawValue])
            let starter = try waitForStart(gate)
            try? starter.writeAll(LaunchFailure.encode(become(program, labels, starter.rawValue)))
        } catch {
            channel.sendFailure(error)
        }
        _exit(1)
    }

    /// Runs the last hooks and executes the program; returns only the error that prevented it.
    private func become(_ program: Program?, _ labels: PendingLabels, _ waiter: Int32) -> any Error {
        guard let program else { return RuntimeError(.invalidArgument, "process: not set in config.json") }
        return last.execute(program, labels, waiter: waiter) {
            guard let hooks = configuration.hooks?.startContainer, !hooks.isEmpty else { return }
            // Where a hook has no environment it gets the program's; the host's is none of its business.
            let all = hooks.map { hook in
                var hook = hook
                if hook.env.isEmpty { hook.env = Program.environment(of: process) }
                return hook
            }
            try runHooks(all, kind: "startContainer", state: state(.created), inheritsEnvironment: false)
        }
    }

    /// Nil where config.json has no process.
    private func setUp(_ channel: borrowing SyncChannel) throws -> Program? {
        // The runtime of an ordinary user writes the mappings only while this process is dumpable.
        if !namespaces.hasUser { cl_prctl(CL_PR_SET_DUMPABLE, 0, 0, 0, 0) }
        try request.cgroup.enter()
        if waitsForHost { try channel.expect(.mapped) }
        if !namespaces.needsJoiner { try namespaces.enter() }
        if namespaces.makes(.time) { try makeTimeNamespace() }
        if namespaces.hasUser {
            cl_prctl(CL_PR_SET_DUMPABLE, 0, 0, 0, 0)
            try last.becomeNamespaceRoot()
        }
        try last.leaveSession()
        try nameHost()
        if namespaces.makes(.network) { try check("ioctl", "bring lo up") { cl_interface_up("lo") } }
        try buildRoot(channel)
        try last.enterWorkingDirectory()
        let program = configuration.process == nil ? nil : try Program(process)
        try channel.send(.ready)
        try channel.expect(.go)
        return program
    }

    /// The process waits until the runtime has given its namespaces what only the host can.
    var waitsForHost: Bool { namespaces.hasUser }

    private func nameHost() throws {
        if let name = configuration.hostname, !name.isEmpty {
            try check("sethostname", "hostname \(name)") { cl_sethostname(name, name.utf8.count) }
        }
        if let name = configuration.domainname, !name.isEmpty {
            try check("setdomainname", "domainname \(name)") { cl_setdomainname(name, name.utf8.count) }
        }
    }

    /// Leaves the waiting process nothing of the host's: all of the launch's descriptors are closed, but for the gate.
    /// Their owners in this process never close them again; it executes or ends.
    private func closeAll(but kept: [Int32]) throws(SystemCallError) {
        var first = UInt32(3 + request.preservedDescriptors)
        for next in kept.map(UInt32.init).sorted() where next >= first {
            if next > first { try check("close_range") { cl_close_range(first, next - 1, 0) } }
            first = next + 1
        }
        try check("close_range") { cl_close_range(first, UInt32.max, 0) }
    }

    /// Waits for `start` to connect; what is written back before exec closes it is the reason of a failure.
    private func waitForStart(_ gate: SharedDescriptor) throws -> Descriptor {
        while true {
            let starter = Descriptor(owning: try check("accept4") { cl_accept(gate.rawValue) })
            // A greeting byte tells a starter from a probe that connects and goes away; it is answered, so that the
            // starter knows that the end of the stream means exec.
            if (try? starter.readSome(1).count) == 1 {
                try starter.writeAll([1])
                return starter
            }
        }
    }
}
