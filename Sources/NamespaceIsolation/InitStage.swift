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
    let deviceTrees: [PreparedMount]
    let last: ProgramStage

    init(_ request: LaunchRequest) throws {
        guard let process = request.configuration.process, let root = request.configuration.root else {
            throw RuntimeError(
                .invalidArgument, "config.json has no \(request.configuration.root == nil ? "root" : "process")")
        }
        let linux = request.configuration.linux ?? RuntimeConfiguration.Linux()
        (self.request, self.process, self.linux, configuration) = (request, process, linux, request.configuration)
        let namespaces = try NamespacePlan(linux.namespaces)
        let path = root.path.hasPrefix("/") ? root.path : "\(request.bundle)/\(root.path)"
        let propagation: MountPropagation = linux.rootfsPropagation?.isPrivate == true ? .private : .slave
        self.root = try attempt("root.path") { try PreparedRoot(path: path, propagation: propagation) }
        mounts = try request.configuration.mounts.enumerated().map { index, mount in
            try PreparedMount(
                destination: mount.destination, type: mount.type, source: mount.source, options: mount.options,
                bundle: request.bundle, field: "mounts[\(index)]")
        }
        let devices = try DeviceNode.all(linux.devices)
        self.devices = devices
        let bindsDevices = namespaces.makes(.user) || namespaces.joins.contains { $0.kind == .user }
        deviceTrees = bindsDevices ? try devices.map { try $0.hostTree } : []
        self.namespaces = namespaces
        last = try ProgramStage(process, linux: linux, preservedDescriptors: request.preservedDescriptors)
    }

    /// What the runtime's own process must do before it clones: its working directory becomes the root's folder, which
    /// the child then has in its own mount namespace, and a joined pid namespace takes effect at the clone.
    func prepareCaller() throws {
        try check("chdir", root.path) { chdir(root.path) }
        if let join = namespaces.pidJoin {
            try check("setns", join.path) {
                cl_setns(join.descriptor.rawValue, Int32(truncatingIfNeeded: CL_CLONE_NEWPID))
            }
        }
        if namespaces.makes(.time) { try makeTimeNamespace() }
        umask(0)
    }

    private func makeTimeNamespace() throws {
        try check("unshare", "time namespace") { cl_unshare(Int32(truncatingIfNeeded: CL_CLONE_NEWTIME)) }
        for (clock, offset) in linux.timeOffsets {
            try attempt("linux.timeOffsets.\(clock)") {
                try writeText("\(clock) \(offset.secs) \(offset.nanosecs)", to: "/proc/self/timens_offsets")
            }
        }
    }

    /// The life of the container's process from clone to exec. Never returns; a failure goes to whoever waits for it.
    func run(_ socket: Int32) -> Never {
        let channel = SyncChannel(Descriptor(owning: socket))
        do {
            let program = try setUp(channel)
            guard let gate = request.startSocket else { throw become(program) }
            // From here on the process answers to `start`; the runtime may go.
            close(channel.rawValue)
            let starter = try waitForStart(gate)
            try? starter.writeAll(LaunchFailure.encode(become(program)))
        } catch {
            channel.sendFailure(error)
        }
        _exit(1)
    }

    /// Runs the last hooks and executes the program; returns only the error that prevented it.
    private func become(_ program: Program) -> any Error {
        do {
            if let hooks = configuration.hooks?.startContainer, !hooks.isEmpty {
                try runHooks(hooks, field: "hooks.startContainer", state: state(.created))
            }
            return last.execute(program)
        } catch {
            return error
        }
    }

    private func setUp(_ channel: borrowing SyncChannel) throws -> Program {
        cl_prctl(CL_PR_SET_DUMPABLE, 0, 0, 0, 0)
        try request.cgroup.enter()
        if namespaces.makes(.user) { try channel.expect(.mapped) }
        try namespaces.enter()
        if namespaces.makes(.user) || namespaces.joins.contains(where: { $0.kind == .user }) {
            try last.becomeNamespaceRoot()
        }
        try last.leaveSession()
        try nameHost()
        if namespaces.makes(.network) { try check("ioctl", "bring lo up") { cl_interface_up("lo") } }
        try buildRoot(channel)
        try last.enterWorkingDirectory()
        let program = try Program(process)
        try channel.send(.ready)
        try channel.expect(.go)
        return program
    }

    private func nameHost() throws {
        if let name = configuration.hostname, !name.isEmpty {
            try check("sethostname", name) { cl_sethostname(name, name.utf8.count) }
        }
        if let name = configuration.domainname, !name.isEmpty {
            try check("setdomainname", name) { cl_setdomainname(name, name.utf8.count) }
        }
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
