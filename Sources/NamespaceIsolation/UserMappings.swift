internal import CLinux
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import Support

/// The ids of a new user namespace and how they get there: written by who may write them, else, for an ordinary user,
/// the own id alone, or ranges of /etc/subuid and /etc/subgid by newuidmap(1) and newgidmap(1).
struct UserMappings {
    let uids: [RuntimeConfiguration.IDMapping]
    let gids: [RuntimeConfiguration.IDMapping]
    private let way: Way

    private enum Way: Equatable {
        case direct, ownIDs
        case helpers(uid: String, gid: String)
    }

    /// Finds the way. Throws `unsupported` where ranges are asked for and the programs that give them are missing.
    init(uids: [RuntimeConfiguration.IDMapping], gids: [RuntimeConfiguration.IDMapping]) throws {
        (self.uids, self.gids) = (uids, gids)
        if geteuid() == 0 {
            way = .direct
        } else if Self.isOwn(uids, geteuid()) && Self.isOwn(gids, getegid()) {
            way = .ownIDs
        } else if let uid = Self.program("newuidmap"), let gid = Self.program("newgidmap") {
            way = .helpers(uid: uid, gid: gid)
        } else {
            throw RuntimeError(
                .unsupported,
                "linux.uidMappings: an ordinary user maps the own id only, or needs newuidmap and newgidmap (package uidmap)"
            )
        }
    }

    private static func isOwn(_ mappings: [RuntimeConfiguration.IDMapping], _ id: UInt32) -> Bool {
        mappings.count == 1 && mappings[0].size == 1 && mappings[0].hostID == id
    }

    private static func program(_ name: String) -> String? {
        ["/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin", "/sbin"].map { "\($0)/\(name)" }.first {
            access($0, X_OK) == 0
        }
    }

    /// Gives the new namespace of a process its ids. The process must still be dumpable.
    func write(_ pid: Int32) throws {
        switch way {
        case .direct: try writeFiles(pid)
        case .ownIDs:
            try writeText("deny", to: "/proc/\(pid)/setgroups")
            try writeFiles(pid)
        case .helpers(let uid, let gid):
            try attempt("linux.uidMappings") { try run(uid, pid, uids) }
            try attempt("linux.gidMappings") { try run(gid, pid, gids) }
        }
    }

    private func writeFiles(_ pid: Int32) throws {
        func lines(_ mappings: [RuntimeConfiguration.IDMapping]) -> String {
            mappings.map { "\($0.containerID) \($0.hostID) \($0.size)\n" }.joined()
        }
        try attempt("linux.uidMappings") { try writeText(lines(uids), to: "/proc/\(pid)/uid_map") }
        try attempt("linux.gidMappings") { try writeText(lines(gids), to: "/proc/\(pid)/gid_map") }
    }

    private func run(_ program: String, _ pid: Int32, _ mappings: [RuntimeConfiguration.IDMapping]) throws {
        let numbers = mappings.flatMap { [$0.containerID, $0.hostID, $0.size] }.map { "\($0)" }
        let arguments = CStringArray([program, "\(pid)"] + numbers)
        let environment = CStringArray([])
        let child = try check("clone3") { cl_clone(0, nil, -1) }
        if child == 0 {
            execve(program, arguments.pointers, environment.pointers)
            _exit(127)
        }
        let code = try waitForExit(child)
        if code != 0 {
            throw RuntimeError(
                .permissionDenied, "\(program) exited with code \(code); see /etc/subuid and /etc/subgid")
        }
    }

    /// A user namespace with these ids that no process lives in.
    func makeNamespace() throws -> SharedDescriptor {
        let pair = try Descriptor.socketPair()
        let (near, far) = (pair.first.rawValue, pair.second.rawValue)
        let holder = try check("clone3", "user namespace") { cl_clone(CL_CLONE_NEWUSER, nil, -1) }
        if holder == 0 {
            var byte: UInt8 = 0
            close(near)
            _exit(read(far, &byte, 1) < 0 ? 1 : 0)
        }
        defer {
            kill(holder, SIGKILL)
            _ = try? waitForExit(holder)
        }
        try write(holder)
        return SharedDescriptor(try Descriptor.open("/proc/\(holder)/ns/user", O_RDONLY))
    }
}

/// The user namespaces that mounts are id-mapped by, each made once.
struct MountMappings {
    private var made:
        [(uids: [RuntimeConfiguration.IDMapping], gids: [RuntimeConfiguration.IDMapping], SharedDescriptor)] = []
    private let linux: RuntimeConfiguration.Linux
    private let joined: SharedDescriptor?

    /// `joined` is the user namespace that the container enters by its path, if it does.
    init(_ linux: RuntimeConfiguration.Linux, joined: SharedDescriptor?) {
        (self.linux, self.joined) = (linux, joined)
    }

    /// The namespace for one mount: of its own mappings, else the container's; nil where it is not id-mapped.
    mutating func namespace(_ mount: RuntimeConfiguration.Mount, asked: Bool, field: String) throws -> SharedDescriptor?
    {
        guard asked || !mount.uidMappings.isEmpty || !mount.gidMappings.isEmpty else { return nil }
        let own = !mount.uidMappings.isEmpty || !mount.gidMappings.isEmpty
        if own && (mount.uidMappings.isEmpty || mount.gidMappings.isEmpty) {
            throw RuntimeError(.invalidArgument, "\(field).uidMappings and gidMappings: an id-mapped mount needs both")
        }
        if !own, let joined { return joined }
        let (uids, gids) = own ? (mount.uidMappings, mount.gidMappings) : (linux.uidMappings, linux.gidMappings)
        guard !uids.isEmpty, !gids.isEmpty else {
            throw RuntimeError(
                .invalidArgument,
                "\(field).options: \"idmap\" needs uidMappings and gidMappings, or a user namespace of the container's own"
            )
        }
        if let known = made.first(where: { $0.uids == uids && $0.gids == gids }) { return known.2 }
        let namespace = try attempt("\(field): make a user namespace for the id-mapped mount") {
            try UserMappings(uids: uids, gids: gids).makeNamespace()
        }
        made.append((uids, gids, namespace))
        return namespace
    }
}
