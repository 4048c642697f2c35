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
    }

    /// Flags of the new ones that clone makes; a cgroup namespace comes later, from inside the cgroup.
    let cloneFlags: UInt64
    /// A new cgroup namespace is wanted.
    let unsharesCgroup: Bool
    /// Entered by the child, user namespace last unless that is refused.
    let joins: [Join]
    /// The pid namespace that the child is born into.
    let pidJoin: Join?
    private let made: Set<RuntimeConfiguration.Namespace.Kind>

    /// Opens the paths; each must be a namespace of its kind.
    init(_ namespaces: [RuntimeConfiguration.Namespace]) throws {
        var flags: UInt64 = 0
        var joins: [Join] = []
        var made: Set<RuntimeConfiguration.Namespace.Kind> = []
        for (index, namespace) in namespaces.enumerated() {
            guard let path = namespace.path, !path.isEmpty else {
                made.insert(namespace.type)
                if namespace.type != .cgroup && namespace.type != .time { flags |= namespace.type.flag }
                continue
            }
            joins.append(try Self.open(namespace.type, path, field: "linux.namespaces[\(index)].path"))
        }
        cloneFlags = flags
        unsharesCgroup = made.contains(.cgroup)
        pidJoin = joins.first { $0.kind == .pid }
        self.joins = joins.filter { $0.kind != .pid && $0.kind != .user } + joins.filter { $0.kind == .user }
        self.made = made
    }

    /// True where a namespace of this kind is made for the container.
    func makes(_ kind: RuntimeConfiguration.Namespace.Kind) -> Bool { made.contains(kind) }

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

    /// Enters every namespace but the pid one. The caller is the child, which is still root of the host's user namespace.
    func enter() throws {
        var refused: [Join] = []
        for join in joins {
            let raw = join.descriptor.rawValue
            if cl_setns(raw, Int32(truncatingIfNeeded: join.kind.flag)) != 0 {
                // One that belongs to the container's user namespace opens only from inside it.
                guard errno == EPERM, join.kind != .user else {
                    throw SystemCallError("setns", errno: errno, subject: join.path)
                }
                refused.append(join)
            }
        }
        for join in refused {
            try check("setns", join.path) {
                cl_setns(join.descriptor.rawValue, Int32(truncatingIfNeeded: join.kind.flag))
            }
        }
    }
}

extension RuntimeConfiguration.Namespace.Kind {
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
