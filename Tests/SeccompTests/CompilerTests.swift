import Support
import Testing

@testable import Seccomp

@Suite struct CompilerTests {
    func message(_ profile: SeccompProfile) -> String {
        do {
            _ = try Seccomp.compile(profile, native: .x86_64)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func instructionsHaveTheKernelsLayout() {
        #expect(MemoryLayout<BPFInstruction>.size == 8)
        #expect(MemoryLayout<BPFInstruction>.stride == 8)
        #expect(MemoryLayout<BPFInstruction>.offset(of: \.operand) == 4)
    }

    @Test func numbersAreTheKernels() {
        for (name, x86, i386, arm64) in [
            ("read", 0, 3, 63), ("openat2", 437, 437, 437), ("file_setattr", 469, 469, 469),
            ("clone", 56, 120, 220), ("set_mempolicy_home_node", 450, 450, 450), ("uretprobe", 335, nil, nil),
            ("stime", nil, 25, nil), ("clock_gettime64", nil, 403, nil),
        ] as [(String, UInt32?, UInt32?, UInt32?)] {
            #expect(SystemCallTable.number(of: name, on: .x86_64) == x86, "\(name)")
            #expect(SystemCallTable.number(of: name, on: .i386) == i386, "\(name)")
            #expect(SystemCallTable.number(of: name, on: .arm64) == arm64, "\(name)")
        }
        #expect(SystemCallTable.number(of: "rt_sigaction", on: .x32) == 512)
        #expect(SystemCallTable.number(of: "set_tls", on: .arm) == 0xf0005)
        for name in SystemCallTable.allNames {
            #expect(Seccomp.Architecture.allCases.contains { SystemCallTable.number(of: name, on: $0) != nil })
        }
        #expect(SystemCallTable.row(of: "") == nil)
        #expect(SystemCallTable.row(of: "reae") == nil)
    }

    @Test func errorsNameTheField() {
        #expect(message(.init(defaultAction: "DENY")) == "linux.seccomp.defaultAction: unknown action DENY")
        #expect(
            message(.init(defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 3))
                == "linux.seccomp.defaultAction: action SCMP_ACT_ALLOW takes no errnoRet")
        #expect(
            message(.init(defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_PDP11"]))
                == "linux.seccomp.architectures: unknown architecture SCMP_ARCH_PDP11")
        #expect(
            message(.init(defaultAction: "SCMP_ACT_ALLOW", flags: ["FAST"]))
                == "linux.seccomp.flags: unknown flag FAST")
        let bad = SeccompProfile.Rule(
            names: ["read"], action: "SCMP_ACT_TRAP", args: [.init(index: 6, value: 0, op: "SCMP_CMP_EQ")])
        #expect(
            message(.init(defaultAction: "SCMP_ACT_ALLOW", rules: [bad]))
                == "linux.seccomp.syscalls[0].args[0].index: 6 is above 5")
    }

    @Test func unknownNamesAreWarnings() throws {
        let rule = SeccompProfile.Rule(names: ["read", "frobnicate", "mmap2"], action: "SCMP_ACT_ALLOW")
        let program = try Seccomp.compile(.init(defaultAction: "SCMP_ACT_ERRNO", rules: [rule]), native: .x86_64)
        #expect(program.warnings == ["frobnicate", "mmap2"])
    }

    @Test func notifyNeedsAListener() throws {
        let rule = SeccompProfile.Rule(names: ["mkdir"], action: "SCMP_ACT_NOTIFY")
        var profile = SeccompProfile(defaultAction: "SCMP_ACT_ALLOW", rules: [rule])
        #expect(message(profile) == "linux.seccomp.listenerPath: needed by SCMP_ACT_NOTIFY")
        profile.listenerPath = "/run/x.sock"
        profile.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
        let program = try Seccomp.compile(profile, native: .x86_64)
        #expect(program.needsListener)
        #expect(program.flags == 32 | 8)
        #expect(message(.init(defaultAction: "SCMP_ACT_NOTIFY")).contains("can't be the default"))
    }

    @Test func newerCallsAreMissingNotForbidden() throws {
        let rule = SeccompProfile.Rule(names: ["openat2"], action: "SCMP_ACT_ALLOW")
        let program = try Seccomp.compile(.init(defaultAction: "SCMP_ACT_ERRNO", rules: [rule]), native: .x86_64)
        let verdict = { number in run(program.instructions, Call(number: number, audit: 0xc000_003e))?.verdict }
        #expect(verdict(437) == 0x7fff_0000)
        #expect(verdict(438) == 0x0005_0026)
        #expect(verdict(436) == 0x0005_0001)
        #expect(verdict(0x4000_0000 + 437) == 0x8000_0000)
        #expect(verdict(.max) == 0x0005_0026)
        #expect(run(program.instructions, Call(number: 3, audit: 0x4000_0003))?.verdict == 0x8000_0000)
    }
}
