/// hako's own seccomp profile: everything is refused with EPERM but what is listed.
///
/// It allows what Docker's default profile allows, with these differences, each on the safe side:
/// - `keyctl`, `add_key` and `request_key` stay refused: keyrings of a user are shared by containers that share a
///   user namespace;
/// - socket families are compared in the 32 bits that the kernel looks at, so that a family with bits above them
///   does not slip by;
/// - `socketcall` of 32-bit programs is allowed for everything but making a socket, whose family is not visible.
public enum DefaultProfile {
    /// Calls that are allowed together, for one reason.
    struct Group: Sendable {
        /// Why they are allowed.
        let reason: String
        /// Their names.
        let names: [String]

        init(_ reason: String, _ names: String) {
            self.reason = reason
            self.names = names.utf8.split { $0 == 32 || $0 == 10 }.map { String(Substring($0)) }
        }
    }

    /// The CLONE_NEW* flags; a container without CAP_SYS_ADMIN makes no namespaces, user namespaces included.
    private static let namespaceFlags: UInt64 = 0x7e02_0000
    /// Families from AF_UNSPEC to AF_MAX (46) without AF_ALG (38: the kernel's crypto code, CVE-2026-31431) and
    /// AF_VSOCK (40: reaches the hypervisor past the network namespace): value and mask.
    private static let socketFamilies: [(value: UInt64, mask: UInt64)] = [
        (0, 0xffff_ffe0), (32, 0xffff_fffc), (36, 0xffff_fffe), (39, 0xffff_ffff), (41, 0xffff_ffff),
        (42, 0xffff_fffe), (44, 0xffff_fffc),
    ]
    /// PER_LINUX, PER_LINUX32 (8), each also with UNAME26 (0x20000), and the question for the present one.
    private static let personalities: [UInt64] = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff]

    /// The profile for a container.
    ///
    /// - Parameters:
    ///   - capabilities: the container's bounding set, as `CAP_…` names.
    ///   - architecture: the machine's; its 32-bit conventions are covered too.
    public static func make(
        capabilities: Set<String>, architecture: Seccomp.Architecture = .native
    ) -> SeccompProfile {
        let allow = "SCMP_ACT_ALLOW"
        var names = always.flatMap(\.names)
        for (wanted, group) in byArchitecture where architecture.family.contains(wanted) { names += group.names }
        for (capability, group) in byCapability where capabilities.contains(capability) {
            for name in group.names where !names.contains(name) { names.append(name) }
        }
        var rules = [SeccompProfile.Rule(names: names, action: allow)]
        for family in socketFamilies {
            rules.append(
                argumentRule("socket", mask: family.mask, equals: family.value))
        }
        for personality in personalities {
            let comparison = SeccompProfile.Comparison(index: 0, value: personality, op: "SCMP_CMP_EQ")
            rules.append(SeccompProfile.Rule(names: ["personality"], action: allow, args: [comparison]))
        }
        if !capabilities.contains("CAP_SYS_ADMIN") {
            rules.append(argumentRule("clone", mask: namespaceFlags, equals: 0))
            // clone3's flags are in memory: ENOSYS makes a libc fall back to clone.
            rules.append(SeccompProfile.Rule(names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38))
        }
        return SeccompProfile(
            defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1,
            architectures: architecture.family.map(\.rawValue), rules: rules)
    }

    /// Allows `name` where the masked first argument has a value.
    private static func argumentRule(_ name: String, mask: UInt64, equals value: UInt64) -> SeccompProfile.Rule {
        let comparison = SeccompProfile.Comparison(
            index: 0, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ")
        return SeccompProfile.Rule(names: [name], action: "SCMP_ACT_ALLOW", args: [comparison])
    }
}
