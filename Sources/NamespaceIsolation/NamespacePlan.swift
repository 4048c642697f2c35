internal import CLinux
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// Which namespaces are new and which are entered.
struct NamespacePlan {
    /// A namespace to enter with setns(2).
    struct Join {
        let kind: RuntimeConfiguration.Namespace.Kind
        let descriptor: SharedDescriptor
        let path: String

        /// True where the path leads to the namespace that the caller is in itself.
        func isCallers() throws -> Bool {
            var (joined, mine) = (stat(), stat())
            let own = "/proc/self/ns/\(kind.procName)"
            try check("fstat", path) { fstat(descriptor.rawValue, &joined) }
            try check("stat", own) { stat(own, &mine) }
            return joined.st_dev == mine.st_dev && joined.st_ino == mine.st_ino
        }
    }

    /// Flags of the new ones that clone makes; a cgroup namespace comes later, from inside the cgroup.
    let cloneFlags: UInt64
    /// A new cgroup namespace is wanted.
    let unsharesCgroup: Bool
    /// The container sees its cgroups from the root of a namespace that is not the caller's, new or joined.
    let hasCgroupView: Bool
    /// Namespaces to enter, but for the user namespace.
    let joins: [Join]
    /// The user namespace to enter.
    let userJoin: Join?
    private let made: [RuntimeConfiguration.Namespace.Kind]

    /// Opens the paths; each must be a namespace of its kind.
    init(_ namespaces: [RuntimeConfiguration.Namespace]) throws {
        var flags: UInt64 = 0
        var joins: [Join] = []
        var made: [RuntimeConfiguration.Namespace.Kind] = []
        for (index, namespace) in namespaces.enumerated() {
            guard let path = namespace.path, !path.isEmpty else {
                made.append(namespace.type)
                if namespace.type != .cgroup && namespace.type != .time { flags |= namespace.type.flag }
                continue
            }
            joins.append(try Self.open(namespace.type, path, field: "linux.namespaces[\(index)].path"))
        }
        cloneFlags = flags
        unsharesCgroup = made.contains(.cgroup)
        let cgroupJoin = joins.first { $0.kind == .cgroup }
        hasCgroupView = try unsharesCgroup || cgroupJoin.map { try !$0.isCallers() } ?? false
        userJoin = joins.first { $0.kind == .user }
        self.joins = joins.filter { $0.kind != .user }
        self.made = made
    }

    /// True where a namespace of this kind is made for the container.
    func makes(_ kind: RuntimeConfiguration.Namespace.Kind) -> Bool { made.contains(kind) }

    /// The network namespace that the container's process is in or will enter.
    func networkNamespace(of pid: Int32) throws(SystemCallError) -> SharedDescriptor {
        if let join = joins.first(where: { $0.kind == .network }) { return join.descriptor }
        return SharedDescriptor(try Descriptor.open("/proc/\(pid)/ns/net", O_RDONLY))
    }

    private static func open(
        _ kind: RuntimeConfiguration.Namespace.Kind, _ path: String, field: String
    ) throws -> Join {
        let descriptor = try attempt(field) { try Descriptor.open(path, O_RDONLY) }
        let type = cl_ns_type(descriptor.rawValue)
        guard type >= 0, UInt64(type) == kind.flag else {
            throw RuntimeError(.invalidArgument, "\(field): \(path) is not a \(kind.rawValue) namespace")
        }
        return Join(kind: kind, descriptor: SharedDescriptor(descriptor), path: path)
    }

    /// True where the container has a namespace of this kind that need not be the runtime's.
    func has(_ kind: RuntimeConfiguration.Namespace.Kind) -> Bool {
        made.contains(kind) || userJoin?.kind == kind || joins.contains { $0.kind == kind }
    }

    /// True where the container lives in a user namespace of its configuration.
    var hasUser: Bool { has(.user) }

    /// True where namespaces must be entered before the container's process is born: a pid namespace holds children
    /// only, a joined user namespace must own the new ones, and what the host's user namespace owns can't be entered
    /// from a new one.
    var needsJoiner: Bool {
        userJoin != nil || made.contains(.user) && !joins.isEmpty || joins.contains { $0.kind == .pid }
    }

    /// Enters every namespace that is joined. The caller is still what it is on the host: what is refused to it may belong
    /// to the joined user namespace, and is tried again from inside that.
    func enter() throws {
        var refused: [Join] = []
        for join in joins {
            if cl_setns(join.descriptor.rawValue, Int32(truncatingIfNeeded: join.kind.flag)) == 0 { continue }
            guard errno == EPERM, userJoin != nil else {
                throw SystemCallError("setns", errno: errno, subject: join.path)
            }
            refused.append(join)
        }
        for join in [userJoin].compactMap(\.self) + refused {
            try check("setns", join.path) {
                cl_setns(join.descriptor.rawValue, Int32(truncatingIfNeeded: join.kind.flag))
            }
        }
    }
}

extension RuntimeConfiguration.Namespace.Kind {
    /// Its name in /proc/PID/ns.
    var procName: String {
        switch self {
        case .network: "net"
        case .mount: "mnt"
        default: rawValue
        }
    }

    /// The kind's CLONE_NEW flag.
    var flag: UInt64 {
        switch self {
        case .pid: CL_CLONE_NEWPID
        case .network: CL_CLONE_NEWNET
        case .mount: CL_CLONE_NEWNS
        case .ipc: CL_CLONE_NEWIPC
        case .uts: CL_CLONE_NEWUTS
        case .user: CL_CLONE_NEWUSER
        case .cgroup: CL_CLONE_NEWCGROUP
        case .time: CL_CLONE_NEWTIME
        }
    }
}
