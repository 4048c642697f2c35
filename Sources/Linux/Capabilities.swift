internal import CLinux

/// A set of Linux capabilities (capabilities(7)); bit n is capability n.
public struct CapabilitySet: OptionSet, Sendable, Hashable {
    /// One bit a capability.
    public let rawValue: UInt64

    /// Wraps the bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Names in the kernel's order: the index is the number.
    public static let names: [String] = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
        "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
        "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ]

    /// Needed to change user ids.
    public static let sysAdmin = CapabilitySet(rawValue: 1 << 21)

    /// Needed to take descriptors from other processes.
    public static let sysPtrace = CapabilitySet(rawValue: 1 << 19)

    /// The capability called `name` (`CAP_CHOWN`), or nil.
    public init?(name: String) {
        guard let index = Self.names.firstIndex(of: name) else { return nil }
        self.init(rawValue: 1 << UInt64(index))
    }

    /// The names in the set, in the kernel's order.
    public var list: [String] {
        Self.names.indices.filter { rawValue & (1 << UInt64($0)) != 0 }.map { Self.names[$0] }
    }
}

/// The five sets of a process.
public struct ProcessCapabilities: Sendable, Hashable {
    /// What a program gained at most by execve.
    public var bounding: CapabilitySet
    /// What counts in permission checks.
    public var effective: CapabilitySet
    /// What execve keeps together with a file's.
    public var inheritable: CapabilitySet
    /// What may be made effective.
    public var permitted: CapabilitySet
    /// What an unprivileged program keeps over execve.
    public var ambient: CapabilitySet

    /// Gives each set.
    public init(
        bounding: CapabilitySet, effective: CapabilitySet, inheritable: CapabilitySet, permitted: CapabilitySet,
        ambient: CapabilitySet
    ) {
        self.bounding = bounding
        self.effective = effective
        self.inheritable = inheritable
        self.permitted = permitted
        self.ambient = ambient
    }

    /// The effective, permitted and inheritable sets of the calling process.
    public static func current() throws(SystemCallError) -> ProcessCapabilities {
        var (effective, permitted, inheritable): (UInt64, UInt64, UInt64) = (0, 0, 0)
        try check("capget", "process.capabilities") { cl_capget(&effective, &permitted, &inheritable) }
        return ProcessCapabilities(
            bounding: [], effective: CapabilitySet(rawValue: effective),
            inheritable: CapabilitySet(rawValue: inheritable), permitted: CapabilitySet(rawValue: permitted),
            ambient: [])
    }

    /// Drops everything outside ``bounding`` from the calling process's bounding set. Needs CAP_SETPCAP.
    public func limitBoundingSet() throws(SystemCallError) {
        for number in 0..<CapabilitySet.names.count where bounding.rawValue & (1 << UInt64(number)) == 0 {
            // A kernel that does not know a capability answers EINVAL to its reading.
            if cl_prctl(CL_PR_CAPBSET_READ, UInt(number), 0, 0, 0) == 1 {
                try check("prctl", "PR_CAPBSET_DROP \(CapabilitySet.names[number])") {
                    cl_prctl(CL_PR_CAPBSET_DROP, UInt(number), 0, 0, 0)
                }
            }
        }
    }

    /// Sets the effective, permitted and inheritable sets, then raises the ambient ones.
    ///
    /// What the process's own permitted set lacks can't be had and is left out, as runc does.
    public func apply() throws(SystemCallError) {
        let own = try Self.current().permitted
        let (permitted, effective) = (permitted.intersection(own), effective.intersection(own))
        let inheritable = inheritable.intersection(own)
        try check("capset", "process.capabilities") {
            cl_capset(effective.rawValue, permitted.rawValue, inheritable.rawValue)
        }
        if ambient.isEmpty { return }
        let raisable = ambient.intersection(permitted).intersection(inheritable)
        for number in 0..<CapabilitySet.names.count where raisable.rawValue & (1 << UInt64(number)) != 0 {
            try check("prctl", "PR_CAP_AMBIENT \(CapabilitySet.names[number])") {
                cl_prctl(CL_PR_CAP_AMBIENT, UInt(CL_PR_CAP_AMBIENT_RAISE), UInt(number), 0, 0)
            }
        }
    }
}
