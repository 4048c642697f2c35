internal import CLinux
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// Who the container's program runs as and what bounds it: checked and translated before the process exists.
struct Credentials {
    let user: RuntimeConfiguration.User
    let capabilities: ProcessCapabilities
    let limits: [RuntimeConfiguration.ResourceLimit]
    let noNewPrivileges: Bool
    let personality: UInt?
    let scheduling: Scheduling
    let memoryPolicy: MemoryPolicy?
    let labels: SecurityLabels
    /// The runtime's own supplementary groups stay, in place of the configured ones.
    let keepsGroups: Bool
    /// What the caller should know although it stops nothing.
    let warnings: [String]
    /// What can't be granted and is no mistake of the caller's: clients ask for it at every start.
    let notes: [String]

    init(_ process: RuntimeConfiguration.Process, linux: RuntimeConfiguration.Linux, keepsGroups: Bool) throws {
        self.keepsGroups = keepsGroups
        user = process.user
        noNewPrivileges = process.noNewPrivileges
        var warnings: [String] = []
        capabilities = ProcessCapabilities(process.capabilities ?? RuntimeConfiguration.Capabilities(), &warnings)
        // In a user namespace of its own a process has them all.
        let isMapped = linux.namespaces.contains { $0.type == .user }
        let lacking = isMapped ? [] : capabilities.permitted.subtracting(try ProcessCapabilities.current().permitted)
        notes =
            capabilities.withheld
            + lacking.list.map { "process.capabilities.permitted: can't grant \($0), which this runtime lacks itself" }
        limits = process.rlimits
        personality = linux.personality.map { $0.domain == .LINUX32 ? 8 : 0 }
        scheduling = try Scheduling(process)
        memoryPolicy = try linux.memoryPolicy.map { try MemoryPolicy($0) }
        labels = try SecurityLabels(process)
        self.warnings = warnings
    }

    func applyLimits() throws(SystemCallError) {
        for limit in limits {
            try check("setrlimit", "process.rlimits \(limit.type.rawValue) soft \(limit.soft) hard \(limit.hard)") {
                cl_setrlimit(limit.type.number, limit.soft, limit.hard)
            }
        }
        if let personality { try check("personality", "linux.personality") { cl_sched_personality(personality) } }
    }

    /// Changes the user and keeps, for now, what ``dropCapabilities()`` leaves later.
    func become() throws(SystemCallError) {
        try capabilities.limitBoundingSet()
        if !keepsGroups { try setGroups() }
        try giveStandardDescriptors()
        try check("prctl", "PR_SET_KEEPCAPS") { cl_prctl(CL_PR_SET_KEEPCAPS, 1, 0, 0, 0) }
        try check("setresgid", "process.user.gid \(user.gid)") { cl_setresgid(user.gid) }
        try check("setresuid", "process.user.uid \(user.uid)") { cl_setresuid(user.uid) }
        umask(user.umask ?? 0o022)
    }

    /// Makes the standard descriptors the user's own, as runc does: through /dev/stdout and /proc/self/fd the program
    /// could otherwise not open what it holds. /dev/null is everybody's already.
    private func giveStandardDescriptors() throws(SystemCallError) {
        let null: dev_t = 1 << 8 | 3
        for descriptor in Int32(0)...2 {
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_uid != user.uid else { continue }
            let isDevice = status.st_mode & S_IFMT == S_IFCHR
            if isDevice && status.st_rdev == null { continue }
            if fchown(descriptor, user.uid, UInt32.max) == 0 { continue }
            // A file outside of the user namespace, or on a read-only mount, stays as it is.
            guard [EPERM, EINVAL, EROFS].contains(errno) else {
                throw SystemCallError("fchown", errno: errno, subject: "standard descriptor \(descriptor)")
            }
        }
    }

    private func setGroups() throws(SystemCallError) {
        // Clients name a group twice when the user is in it anyway; the process shall have it once.
        var groups: [UInt32] = []
        for group in user.additionalGids where !groups.contains(group) { groups.append(group) }
        if cl_setgroups(groups.count, groups) != 0 {
            let failure = SystemCallError("setgroups", errno: errno, subject: "process.user.additionalGids \(groups)")
            // An ordinary user's namespace of one id: the kernel lets nobody change the groups there.
            guard failure.errno == EPERM, groups.isEmpty, (try? readText("/proc/self/setgroups")) == "deny" else {
                throw failure
            }
        }
    }

    func dropCapabilities() throws(SystemCallError) {
        try capabilities.apply()
    }

    func forbidNewPrivileges() throws(SystemCallError) {
        if noNewPrivileges {
            try check("prctl", "PR_SET_NO_NEW_PRIVS") { cl_prctl(CL_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
        }
    }
}

extension ProcessCapabilities {
    /// Translates `process.capabilities`. A name that is none becomes a warning, as the specification wants it.
    fileprivate init(_ lists: RuntimeConfiguration.Capabilities, _ warnings: inout [String]) {
        var unknown: [String] = []
        func set(_ names: [String]) -> CapabilitySet {
            var all: CapabilitySet = []
            for name in names {
                if let one = CapabilitySet(name: name) {
                    all.formUnion(one)
                } else if !unknown.contains(name) {
                    unknown.append(name)
                }
            }
            return all
        }
        self.init(
            bounding: set(lists.bounding), effective: set(lists.effective), inheritable: set(lists.inheritable),
            permitted: set(lists.permitted), ambient: set(lists.ambient))
        if !unknown.isEmpty {
            warnings.append("process.capabilities: ignoring unknown capabilities \(unknown.joined(separator: ", "))")
        }
    }

    /// Ambient capabilities that the kernel won't raise (capabilities(7), "Ambient").
    fileprivate var withheld: [String] {
        ambient.subtracting(permitted.intersection(inheritable)).list.map { name in
            "process.capabilities.ambient: can't raise ambient capability \(name): not both permitted and inheritable"
        }
    }
}

extension RuntimeConfiguration.ResourceLimit.Kind {
    /// The kernel's number (asm-generic/resource.h).
    var number: Int32 {
        switch self {
        case .RLIMIT_CPU: 0
        case .RLIMIT_FSIZE: 1
        case .RLIMIT_DATA: 2
        case .RLIMIT_STACK: 3
        case .RLIMIT_CORE: 4
        case .RLIMIT_RSS: 5
        case .RLIMIT_NPROC: 6
        case .RLIMIT_NOFILE: 7
        case .RLIMIT_MEMLOCK: 8
        case .RLIMIT_AS: 9
        case .RLIMIT_LOCKS: 10
        case .RLIMIT_SIGPENDING: 11
        case .RLIMIT_MSGQUEUE: 12
        case .RLIMIT_NICE: 13
        case .RLIMIT_RTPRIO: 14
        case .RLIMIT_RTTIME: 15
        }
    }
}
