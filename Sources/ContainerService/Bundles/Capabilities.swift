internal import Linux
internal import OCISpec
internal import Support

/// Which capabilities a container has.
enum ContainerCapabilities {
    /// What a container has where nothing is said; Docker's fourteen.
    static let standard = [
        "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
        "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
        "CAP_SYS_CHROOT",
    ]

    /// Every capability's name; the index is its number (linux/capability.h).
    static let names = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ].map { "CAP_\($0)" }

    /// The capabilities of a specification, sorted.
    ///
    /// - Parameters:
    ///   - available: what this host can give at all.
    /// - Throws: `invalidArgument` for an unknown name.
    static func granted(
        _ security: ContainerSpecification.Security, available: [String]
    ) throws -> [String] {
        if security.privileged { return available.sorted() }
        let added = try security.addedCapabilities.map(canonical)
        let dropped = try security.droppedCapabilities.map(canonical)
        var set = Set(dropped.contains("ALL") ? [] : added.contains("ALL") ? available : standard)
        set.formUnion(added)
        set.subtract(dropped)
        set.remove("ALL")
        return set.sorted()
    }

    /// `net_admin`, `NET_ADMIN` and `CAP_NET_ADMIN` as `CAP_NET_ADMIN`; `all` as `ALL`.
    private static func canonical(_ text: String) throws -> String {
        let upper = text.uppercased()
        if upper == "ALL" { return upper }
        let name = upper.hasPrefix("CAP_") ? upper : "CAP_\(upper)"
        guard names.contains(name) else { throw RuntimeError(.invalidArgument, "unknown capability \"\(text)\"") }
        return name
    }

    /// The names in this process's bounding set: what a container can be given at all.
    static func available() throws -> [String] {
        for line in try readText("/proc/self/status").split(separator: "\n") where line.hasPrefix("CapBnd:") {
            let text = line.dropFirst(7).drop { $0 == "\t" || $0 == " " }
            guard let bits = UInt64(text, radix: 16) else { break }
            return names.enumerated().filter { bits & (1 << UInt64($0.offset)) != 0 }.map(\.element)
        }
        throw RuntimeError(.internal, "/proc/self/status: no CapBnd line")
    }

    /// The five sets as Docker makes them: the program of a user other than root starts with none in force.
    static func sets(_ granted: [String], uid: UInt32) -> RuntimeConfiguration.Capabilities {
        var sets = RuntimeConfiguration.Capabilities()
        sets.bounding = granted
        guard uid == 0 else { return sets }
        sets.effective = granted
        sets.permitted = granted
        return sets
    }
}
