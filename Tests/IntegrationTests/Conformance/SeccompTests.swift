import Foundation
import Testing

extension Integration.NativeRuntime.Conformance {
    /// config-linux.md: seccomp. The listener is looked at in the suite SeccompAgents.
    @Suite(.serialized) struct SeccompRules {
        private static func filter(_ rules: Document...) -> Document {
            ["defaultAction": "SCMP_ACT_ALLOW", "syscalls": .array(rules)]
        }

        /// What a shell that would be trapped tells of its call of chdir, with the code that it ends with.
        private static let probe = """
            (trap 'echo trapped' SYS; cd /tmp && echo went || echo refused) 2>&1; echo code $?
            """

        private static let kill: Set = ["code 159"]
        /// Words that an action makes the probe say; every other one it must not say.
        private static let effects: [String: Set<String>] = [
            "SCMP_ACT_KILL": kill, "SCMP_ACT_KILL_PROCESS": kill, "SCMP_ACT_KILL_THREAD": kill,
            "SCMP_ACT_TRAP": ["trapped", "code 0"], "SCMP_ACT_ERRNO": ["refused", "code 0"],
            "SCMP_ACT_TRACE": ["refused", "code 0"], "SCMP_ACT_ALLOW": ["went", "code 0"],
            "SCMP_ACT_LOG": ["went", "code 0"],
        ]

        @Test(.requirement("linux.seccomp.action.*"), arguments: effects.keys.sorted())
        func `what an action does to a call`(action: String) throws {
            let container = try RuntimeFixture(Self.probe) {
                $0["linux"]["seccomp"] = Self.filter(["names": ["chdir"], "action": .string(action)])
            }
            defer { container.finish() }
            var said = Set(try container.runText().split(separator: "\n").map(String.init))
            // After the signal the call has returned something that is no result of it.
            if action == "SCMP_ACT_TRAP" { said.subtract(["went", "refused"]) }
            let words: Set = ["went", "refused", "trapped", "code 0", "code 159"]
            #expect(said.intersection(words) == Self.effects[action], "\(said)")
        }

        /// What busybox and a runtime that has put the filter on itself call; mkdir is not among it.
        private static let harmless: [Document] = """
            access arch_prctl brk capget capset chdir clone clone3 close close_range dup dup2 dup3 epoll_create1 epoll_ctl
            epoll_pwait epoll_wait eventfd2 execve execveat exit exit_group faccessat faccessat2 fchdir fchown fcntl fstat
            fstatfs futex getcwd getdents64 geteuid getegid getgid getpgrp getpid getppid getrandom gettid gettimeofday
            getuid ioctl lseek lstat madvise mmap mprotect munmap nanosleep newfstatat open openat openat2 pipe2 poll
            ppoll prctl pread64 prlimit64 read readlink readlinkat recvmsg rseq rt_sigaction rt_sigprocmask rt_sigreturn
            sched_getaffinity sched_yield sendmsg sendto set_robust_list set_tid_address setgid setgroups setsid setuid
            sigaltstack stat statfs statx tgkill tkill umask uname vfork wait4 waitid write writev
            """.split(whereSeparator: \.isWhitespace).map { .string(String($0)) }

        @Test(.requirement("linux.seccomp.defaultErrnoRet", "linux.seccomp.action.SCMP_ACT_ALLOW"))
        func `the default refuses what no rule allows`() throws {
            for (allowed, expected) in [(["mkdir", "mkdirat"], "made"), ([], "no space left on device")]
                as [([Document], String)]
            {
                let container = try RuntimeFixture("mkdir /tmp/new 2>&1 && echo made") {
                    $0["linux"]["seccomp"] = [
                        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": .integer(Int(ENOSPC)),
                        "syscalls": [["names": .array(Self.harmless + allowed), "action": "SCMP_ACT_ALLOW"]],
                    ]
                }
                defer { container.finish() }
                let outcome = try container.run()
                #expect(outcome.text.lowercased().hasSuffix(expected), "\(outcome)")
            }
        }

        /// Of the harmless signals 17, 18, 23 and 28, those that an operator's comparison with kill's second argument
        /// refuses: no two operators refuse the same.
        private static let comparisons: [String: (value: Int, second: Int?, refused: [Int])] = [
            "SCMP_CMP_NE": (18, nil, [17, 23, 28]), "SCMP_CMP_LT": (18, nil, [17]), "SCMP_CMP_LE": (18, nil, [17, 18]),
            "SCMP_CMP_EQ": (18, nil, [18]), "SCMP_CMP_GE": (18, nil, [18, 23, 28]),
            "SCMP_CMP_GT": (18, nil, [23, 28]), "SCMP_CMP_MASKED_EQ": (1, 0, [18, 28]),
        ]

        @Test(.requirement("linux.seccomp.op.*"), arguments: comparisons.keys.sorted())
        func `what an operator compares`(op: String) throws {
            let comparison = try #require(Self.comparisons[op])
            var argument: Document = ["index": 1, "value": .integer(comparison.value), "op": .string(op)]
            argument["valueTwo"] = comparison.second.map(Document.integer) ?? .null
            let script = "for s in 17 18 23 28; do kill -$s $$ 2>/dev/null || echo $s; done"
            let filter = Self.filter(["names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [argument]])
            let container = try RuntimeFixture(script) { $0["linux"]["seccomp"] = filter }
            defer { container.finish() }
            #expect(try container.runText().split(separator: "\n").compactMap { Int($0) } == comparison.refused)
        }

        private static let flags = [
            "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
        ]

        @Test(.requirement("linux.seccomp.flag.*"), arguments: flags)
        func `a filter with a flag is in force`(flag: String) throws {
            let container = try RuntimeFixture("grep Seccomp: /proc/self/status; mkdir /tmp/new || echo refused") {
                $0["linux"]["seccomp"] = Self.filter(["names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"])
                $0["linux"]["seccomp"]["flags"] = [.string(flag)]
            }
            defer { container.finish() }
            #expect(try container.runText() == "Seccomp:\t2\nrefused")
        }

        @Test(.requirement("linux.seccomp.listener.ignored")) func `a listener that no action needs`() throws {
            let container = try RuntimeFixture("echo ran") {
                $0["linux"]["seccomp"] = Self.filter(["names": ["mkdir"], "action": "SCMP_ACT_ERRNO"])
                $0["linux"]["seccomp"]["listenerPath"] = "/not/there"
            }
            defer { container.finish() }
            #expect(try container.runText() == "ran")
        }

        @Test(
            .requirement("linux.seccomp.architectures"),
            .enabled(if: Machine.runsCalls32, "needs an x86-64 kernel that takes 32-bit calls"))
        func `calls of the listed architectures are filtered`() throws {
            for isFiltered in [true, false] {
                let container = try RuntimeFixture("") {
                    $0["process"]["args"] = ["/caller"]
                    $0["linux"]["seccomp"] = Self.filter([
                        "names": [isFiltered ? "mkdir" : "rmdir"], "action": "SCMP_ACT_ERRNO",
                        "errnoRet": .integer(Int(ENOSPC)),
                    ])
                    $0["linux"]["seccomp"]["architectures"] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]
                }
                defer { container.finish() }
                try Machine.writeCaller32(to: container.bundle.rootfs + "/caller")
                // The root is there already.
                #expect(try container.run().code == (isFiltered ? ENOSPC : EEXIST))
            }
        }
    }
}

extension Machine {
    /// Writes an x86-64 program that makes the folder / by the 32-bit call and exits with its error number.
    static func writeCaller32(to path: String) throws {
        let code: [UInt8] = [
            0xb8, 39, 0, 0, 0,  // mov eax, 39: mkdir of 32 bits, which is getpid of 64
            0xbb, 0x9e, 0, 0x40, 0,  // mov ebx, "/"
            0xb9, 0xed, 1, 0, 0,  // mov ecx, 0755
            0xcd, 0x80,  // int 0x80
            0x89, 0xc3, 0xf7, 0xdb,  // mov ebx, eax; neg ebx
            0xb8, 1, 0, 0, 0,  // mov eax, 1: exit
            0xcd, 0x80,
            UInt8(ascii: "/"), 0,
        ]
        // One segment at 0x400000 that holds the headers (64 and 56 bytes) and the code at 120.
        let words: [(value: UInt64, bytes: Int)] = [
            (0x1_0102_464c_457f, 8), (0, 8), (2, 2), (62, 2), (1, 4), (0x40_0078, 8), (64, 8), (0, 8), (0, 4), (64, 2),
            (56, 2), (1, 2), (0, 6), (1, 4), (5, 4), (0, 8), (0x40_0000, 8), (0x40_0000, 8),
            (UInt64(120 + code.count), 8), (UInt64(120 + code.count), 8), (0x1000, 8),
        ]
        var file: [UInt8] = []
        for word in words { file += (0..<word.bytes).map { UInt8(truncatingIfNeeded: word.value >> (8 * UInt64($0))) } }
        try Data(file + code).write(to: URL(fileURLWithPath: path))
        chmod(path, 0o755)
    }

    /// The kernel runs 32-bit calls beside those of x86-64.
    static let runsCalls32: Bool = {
        guard let folder = try? makeTemporaryFolder("caller") else { return false }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        guard (try? writeCaller32(to: folder + "/caller")) != nil else { return false }
        return (try? run([folder + "/caller"]).code) == EEXIST
    }()
}
