import Glibc
import JSON
import Testing

@testable import Seccomp

@Suite struct DefaultProfileTests {
    /// Docker's default capabilities.
    static let usual: Set<String> = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_AUDIT_WRITE",
        "CAP_SETFCAP",
    ]
    static let allow: UInt32 = 0x7fff_0000
    static let refuse: UInt32 = 0x0005_0001

    func verdict(_ program: BPFProgram, _ name: String, _ arguments: [UInt64] = []) -> UInt32? {
        let number = SystemCallTable.number(of: name, on: .x86_64) ?? 1 << 29
        let padded = arguments + Array(repeating: 0, count: 6 - arguments.count)
        return run(program.instructions, Call(number: number, audit: 0xc000_003e, arguments: padded))?.verdict
    }

    @Test func everyNameExistsAndNoneTwice() throws {
        let groups =
            DefaultProfile.always + DefaultProfile.byArchitecture.map(\.1) + DefaultProfile.byCapability.map(\.1)
        for group in groups {
            #expect(!group.names.isEmpty && !group.reason.isEmpty)
            for name in group.names where name != "riscv_hwprobe" {
                #expect(SystemCallTable.row(of: name) != nil, "\(name)")
            }
        }
        let always = DefaultProfile.always.flatMap(\.names)
        #expect(Set(always).count == always.count)
        #expect((330...380).contains(always.count))
    }

    @Test func argumentsDecide() throws {
        let program = try Seccomp.compile(
            DefaultProfile.make(capabilities: Self.usual, architecture: .x86_64), native: .x86_64)
        for family in UInt64(0)..<48 {
            let wanted = family == 38 || family == 40 ? Self.refuse : Self.allow
            #expect(verdict(program, "socket", [family]) == wanted, "family \(family)")
            // The kernel looks at 32 bits only.
            #expect(verdict(program, "socket", [family | 1 << 32]) == wanted, "family \(family)")
        }
        #expect(verdict(program, "socket", [48]) == Self.refuse)
        #expect(verdict(program, "clone", [0x0001_1200]) == Self.allow)
        for flag in [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000] {
            #expect(verdict(program, "clone", [UInt64(flag) | 17]) == Self.refuse)
        }
        #expect(verdict(program, "clone3") == 0x0005_0026)
        #expect(verdict(program, "personality", [0xffff_ffff]) == Self.allow)
        #expect(verdict(program, "personality", [0x0040_0000]) == Self.refuse)
        for name in ["mount", "unshare", "setns", "bpf", "keyctl", "io_uring_setup", "userfaultfd", "reboot"] {
            #expect(verdict(program, name) == Self.refuse, "\(name)")
        }
        #expect(run(program.instructions, Call(number: 999, audit: 0xc000_003e))?.verdict == 0x0005_0026)
    }

    @Test func socketcallMakesNoSocket() throws {
        let program = try Seccomp.compile(
            DefaultProfile.make(capabilities: Self.usual, architecture: .x86_64), native: .x86_64)
        for selector in UInt64(0)...21 {
            let call = Call(number: 102, audit: 0x4000_0003, arguments: [selector, 0, 0, 0, 0, 0])
            let wanted = (2...20).contains(selector) ? Self.allow : Self.refuse
            #expect(run(program.instructions, call)?.verdict == wanted, "\(selector)")
        }
    }

    @Test func capabilitiesOpenTheirCalls() throws {
        for (capability, group) in DefaultProfile.byCapability {
            let program = try Seccomp.compile(
                DefaultProfile.make(capabilities: [capability], architecture: .x86_64), native: .x86_64)
            let without = try Seccomp.compile(
                DefaultProfile.make(capabilities: [], architecture: .x86_64), native: .x86_64)
            for name in group.names where SystemCallTable.number(of: name, on: .x86_64) != nil {
                #expect(verdict(program, name, [0x7e02_0000]) == Self.allow, "\(capability) \(name)")
                #expect(verdict(without, name, [0x7e02_0000]) != Self.allow, "\(name)")
            }
        }
    }

    @Test func filterIsSmallAndShallow() throws {
        for capabilities in [Self.usual, [], ["CAP_SYS_ADMIN"], Set(DefaultProfile.byCapability.map(\.0))] {
            for native in [Seccomp.Architecture.x86_64, .arm64] {
                let profile = DefaultProfile.make(capabilities: capabilities, architecture: native)
                let program = try Seccomp.compile(profile, native: native)
                var executed = 0
                for number in UInt32(0)..<470 {
                    let call = Call(number: number, audit: native.auditValue)
                    executed += try #require(run(program.instructions, call)).executed
                }
                #expect(program.instructions.count <= 400, "\(native)")
                #expect(executed <= 20 * 470, "\(native): \(Double(executed) / 470)")
                if getenv("HAKO_SECCOMP_FIGURES") != nil {
                    print("\(native): \(program.instructions.count) instructions, \(Double(executed) / 470) executed")
                }
            }
        }
    }

    // MARK: Against the profile of Debian's golang-github-containers-common

    static let peer = "/usr/share/containers/seccomp.json"

    /// Where hako and podman's older profile differ for a container without capabilities: call, and why.
    static let onlyPodman: [(String, String)] = [
        ("clone3", "its flags can't be seen; hako answers ENOSYS, as Docker does"),
        (
            "fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree pivot_root setns umount2 unshare",
            "mounts and namespaces need CAP_SYS_ADMIN, as with Docker"
        ),
        ("get_mempolicy mbind set_mempolicy", "need CAP_SYS_NICE, as with Docker"),
        ("keyctl", "keyrings are shared by user"),
        ("pidfd_getfd", "needs CAP_SYS_PTRACE, as with Docker"),
        ("reboot", "needs CAP_SYS_BOOT, as with Docker"),
        ("syslog", "needs CAP_SYSLOG, as with Docker"),
    ]
    static let onlyHako: [(String, String)] = [
        ("vmsplice", "Docker allows it"),
        ("io_pgetevents", "a newer form of io_getevents"),
        (
            "cachestat fchmodat2 map_shadow_stack futex_wake futex_wait futex_requeue futex_waitv statmount listmount "
                + "mseal setxattrat getxattrat listxattrat removexattrat uretprobe", "newer than that profile"
        ),
    ]

    @Test(.enabled(if: access(peer, R_OK) == 0, "needs \(peer) (package golang-github-containers-common)"))
    func differencesFromPodmanAreKnown() throws {
        var allowed: Set<String> = []
        try JSONReader.document(try bytes(of: Self.peer)) { top in
            try top.object { key, value in
                guard key == "syscalls" else { return try value.skip() }
                try value.array { entry in allowed.formUnion(try allowedNames(&entry)) }
            }
        }
        allowed = allowed.filter { SystemCallTable.number(of: $0, on: .x86_64) != nil }
        let ours = DefaultProfile.make(capabilities: [], architecture: .x86_64)
        let hako = Set(ours.rules.filter { $0.action == "SCMP_ACT_ALLOW" }.flatMap(\.names))
            .filter { SystemCallTable.number(of: $0, on: .x86_64) != nil }
        let words = { (list: [(String, String)]) in Set(list.flatMap { $0.0.split(separator: " ").map(String.init) }) }
        #expect(allowed.subtracting(hako) == words(Self.onlyPodman))
        #expect(hako.subtracting(allowed) == words(Self.onlyHako))
    }

    /// The names that an entry allows on amd64 without capabilities, with or without arguments.
    func allowedNames(_ entry: inout JSONReader) throws -> Set<String> {
        var names: [String] = []
        var applies = true
        try entry.object { key, value in
            switch key {
            case "names": names = try value.strings()
            case "action": applies = try value.string() == "SCMP_ACT_ALLOW" && applies
            case "includes":
                try value.object { kind, list in
                    let wanted = try list.strings()
                    applies = applies && kind == "arches" && wanted.contains("amd64")
                }
            default: try value.skip()
            }
        }
        return applies ? Set(names) : []
    }

    func bytes(of path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }
}
