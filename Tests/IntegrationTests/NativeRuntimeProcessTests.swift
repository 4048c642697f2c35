import Foundation
import Testing

extension Integration.NativeRuntime {
    @Suite(.serialized) struct ContainerProcess {
        @Test func `user, groups and umask are the configured ones`() throws {
            let container = try RuntimeFixture("id -u; id -g; grep Groups: /proc/self/status; umask")
            defer { container.finish() }
            container.config["process"]["user"] = [
                "uid": 1000, "gid": 1001, "additionalGids": [5, 2000, 5], "umask": 23,
            ]
            let lines = try container.run().lines
            #expect(lines.prefix(2) == ["1000", "1001"])
            let groups = lines.dropFirst(2).first?.split(whereSeparator: \.isWhitespace).dropFirst()
            #expect(groups.map(Set.init)?.isSuperset(of: ["5", "2000"]) == true)
            #expect(lines.last == "0027")
        }

        @Test func `the environment is the configured one only`() throws {
            let container = try RuntimeFixture("/bin/env")
            defer { container.finish() }
            let words = try container.run(Job.Options(environment: ["SECRET": "of the caller"])).lines
            #expect(words.contains("WORD=from the bundle"))
            #expect(!words.contains { $0.hasPrefix("SECRET") })
        }

        @Test func `of several values of a variable the last counts, and only that is there`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            container.config["process"]["args"] = ["env"]
            container.config["process"]["env"] = [
                "WORD=first", "HOME=/one", "PATH=/nowhere", "WORDS=other", "WORD=", "PATH=/bin", "HOME=/two",
                "WORD=last=",
            ]
            #expect(try container.run().lines == ["WORDS=other", "PATH=/bin", "HOME=/two", "WORD=last="])
        }

        @Test func `an empty HOME that comes last is the user's home`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            container.config["process"]["args"] = ["env"]
            container.config["process"]["env"] = ["HOME=/one", "PATH=/bin", "HOME="]
            #expect(try container.run().lines == ["PATH=/bin", "HOME=/root"])
        }

        @Test func `the working folder is the configured one`() throws {
            let container = try RuntimeFixture("pwd")
            defer { container.finish() }
            container.config["process"]["cwd"] = "/home/user"
            #expect(try container.run().text == "/home/user")
        }

        @Test func `the command is found in the container's PATH`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            container.config["process"]["args"] = ["echo", "found"]
            #expect(try container.run().text == "found")
        }

        @Test func `the host name is the configured one, and the host keeps its own`() throws {
            let container = try RuntimeFixture("hostname; hostname changed")
            defer { container.finish() }
            let before = ProcessInfo.processInfo.hostName
            #expect(try container.run().lines.first == "box")
            #expect(ProcessInfo.processInfo.hostName == before)
        }

        @Test func `resource limits are the configured ones`() throws {
            let container = try RuntimeFixture("cat /proc/self/limits")
            defer { container.finish() }
            container.config["process"]["rlimits"] = [
                ["type": "RLIMIT_NOFILE", "soft": 512, "hard": 1000],
                ["type": "RLIMIT_CORE", "soft": 0, "hard": 0],
            ]
            let lines = try container.run().lines
            let files = lines.first { $0.hasPrefix("Max open files") }?.split(whereSeparator: \.isWhitespace)
            #expect(files?.dropFirst(3).prefix(2) == ["512", "1000"])
        }

        @Test func `capabilities are the configured ones in all five sets`() throws {
            let container = try RuntimeFixture("grep Cap /proc/self/status")
            defer { container.finish() }
            let two: Document = ["CAP_CHOWN", "CAP_KILL"]
            container.config["process"]["capabilities"] = [
                "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"], "effective": two, "permitted": two,
                "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"],
            ]
            let sets = try capabilitySets(container.run())
            #expect(sets["CapBnd:"] == 0x2021)
            #expect(sets["CapInh:"] == 0x20)
            #expect(sets["CapAmb:"] == 0x20)
            // No new privileges: the exec of root adds nothing of the bounding set (capabilities(7)).
            #expect(sets["CapPrm:"] == 0x21)
            #expect(sets["CapEff:"] == 0x21)
        }

        @Test func `an ambient capability that can't be raised is told`() throws {
            let container = try RuntimeFixture("grep CapAmb /proc/self/status")
            defer { container.finish() }
            container.config["process"]["capabilities"]["inheritable"] = ["CAP_KILL"]
            container.config["process"]["capabilities"]["ambient"] = ["CAP_KILL", "CAP_CHOWN"]
            try container.bundle.write()
            let log = container.bundle.folder + "/log"
            let outcome = try container.call(["--log", log, "run", "--bundle", container.bundle.folder, container.id])
            #expect(outcome.code == 0 && outcome.text == "CapAmb:\t0000000000000020", "\(outcome)")
            // In the log only: clients ask for more than there is at each start.
            #expect(outcome.errors.isEmpty, "\(outcome)")
            #expect(readTrimmed(log)?.contains("can't raise ambient capability CAP_CHOWN: ") == true)
        }

        @Test func `a user without capabilities has none`() throws {
            let container = try RuntimeFixture("grep Cap /proc/self/status")
            defer { container.finish() }
            container.config["process"]["user"] = ["uid": 1000, "gid": 1000]
            container.config["process"]["capabilities"] = [
                "bounding": ["CAP_CHOWN"], "effective": [], "permitted": [],
            ]
            let sets = try capabilitySets(container.run())
            #expect(sets["CapEff:"] == 0)
            #expect(sets["CapPrm:"] == 0)
            #expect(sets["CapBnd:"] == 1)
        }

        private func capabilitySets(_ outcome: Outcome) throws -> [String: UInt64] {
            let pairs = outcome.lines.compactMap { line -> (String, UInt64)? in
                let words = line.split(separator: "\t")
                return words.count == 2 ? UInt64(words[1], radix: 16).map { (String(words[0]), $0) } : nil
            }
            try #require(pairs.count == 5, "\(outcome)")
            return Dictionary(pairs) { $1 }
        }

        @Test(arguments: [true, false]) func `no new privileges is set when it is asked for`(wanted: Bool) throws {
            let container = try RuntimeFixture("grep NoNewPrivs /proc/self/status")
            defer { container.finish() }
            container.config["process"]["noNewPrivileges"] = .boolean(wanted)
            #expect(try container.run().text == "NoNewPrivs:\t\(wanted ? 1 : 0)")
        }

        @Test func `the score of the out-of-memory killer is the configured one`() throws {
            let container = try RuntimeFixture("cat /proc/self/oom_score_adj")
            defer { container.finish() }
            container.config["process"]["oomScoreAdj"] = 321
            #expect(try container.run().text == "321")
        }

        @Test func `a terminal comes over the console socket`() throws {
            let container = try RuntimeFixture("tty; stty size; ls -l /dev/console; read word; echo got $word")
            defer { container.finish() }
            container.config["process"]["terminal"] = true
            container.config["process"]["consoleSize"] = ["height": 33, "width": 99]
            let socket = try ConsoleSocket(in: container.bundle.folder)
            _ = try container.create(["--console-socket", socket.path])
            let terminal = try socket.receive()
            #expect(try container.call(["start", container.id]).code == 0)
            #expect(terminal.shows("/dev/pts/0\r\n"), "\(terminal.text)")
            #expect(terminal.shows("33 99\r\n"), "\(terminal.text)")
            #expect(terminal.shows("/dev/console"), "\(terminal.text)")
            terminal.type("words\n")
            #expect(terminal.shows("got words"), "\(terminal.text)")
        }

        @Test func `a relayed terminal's lines end in line feeds alone`() throws {
            let container = try RuntimeFixture("tty; echo line")
            defer { container.finish() }
            container.config["process"]["terminal"] = true
            let outcome = try container.run()
            #expect(outcome.output == "/dev/pts/0\nline\n", "\(outcome)")
        }

        @Test func `what a hook says on the terminal is relayed though it fails`() throws {
            let container = try RuntimeFixture("echo never")
            defer { container.finish() }
            container.config["process"]["terminal"] = true
            container.config["hooks"]["startContainer"] = [
                ["path": "/bin/sh", "args": ["sh", "-c", "echo the reason >&2; exit 3"]]
            ]
            let outcome = try container.run()
            #expect(outcome.code == 1 && outcome.output == "the reason\n", "\(outcome)")
            #expect(outcome.errors.contains("startContainer"), "\(outcome)")
        }

        @Test func `a terminal in the foreground is the caller's, whose lines end as before`() throws {
            let container = try RuntimeFixture("tty; read word; echo got $word")
            defer { container.finish() }
            container.config["process"]["terminal"] = true
            try container.bundle.write()
            let terminal = try Terminal()
            let job = try container.start(
                ["run", "--bundle", container.bundle.folder, container.id], Job.Options(terminal: terminal.path))
            #expect(terminal.shows("/dev/pts/0\r\n"), "\(terminal.text)")
            terminal.type("words\n")
            #expect(terminal.shows("got words\r\n"), "\(terminal.text)")
            #expect(job.wait().code == 0)
        }

        @Test func `descriptors are kept when asked for, and no other one`() throws {
            let container = try RuntimeFixture("cat <&3; ls /proc/self/fd | tr '\\n' ' '")
            defer { container.finish() }
            let file = container.bundle.folder + "/kept"
            try "kept\n".write(toFile: file, atomically: false, encoding: .utf8)
            let kept = open(file, O_RDONLY)
            let other = open("/etc/hostname", O_RDONLY)
            defer {
                close(kept)
                close(other)
            }
            try container.bundle.write()
            let arguments = ["run", "--preserve-fds", "1", "--bundle", container.bundle.folder, container.id]
            let outcome = try container.call(arguments, Job.Options(descriptors: [kept, other]))
            #expect(outcome.lines.first == "kept", "\(outcome)")
            // ls has the three standard ones, 3, and 4 for the folder that it reads.
            #expect(outcome.lines.last == "0 1 2 3 4", "\(outcome)")
        }

        @Test func `no descriptor of the runtime reaches the container`() throws {
            let container = try RuntimeFixture("ls /proc/self/fd | tr '\\n' ' '")
            defer { container.finish() }
            #expect(try container.run().output == "0 1 2 3 ")
        }
    }

    @Suite(.serialized) struct Seccomp {
        private func profile(_ calls: [Document]) -> Document {
            [
                "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
                "syscalls": .array(calls),
            ]
        }

        @Test(.requirement("linux.seccomp.errnoRet", "linux.seccomp.action.SCMP_ACT_ERRNO"))
        func `a denied call fails with the configured error and the others work`() throws {
            let container = try RuntimeFixture(
                "grep Seccomp: /proc/self/status; mkdir /tmp/new; touch /tmp/file && echo made")
            defer { container.finish() }
            container.config["linux"]["seccomp"] = profile([
                ["names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1]
            ])
            let outcome = try container.run()
            #expect(outcome.lines == ["Seccomp:\t2", "made"], "\(outcome)")
            #expect(outcome.errors.lowercased().contains("operation not permitted"))
        }

        @Test func `arguments decide`() throws {
            // kill(2) with signal 10 is denied, with another it is not.
            let container = try RuntimeFixture("trap 'echo usr2' USR2; kill -USR2 $$; kill -USR1 $$ || echo refused")
            defer { container.finish() }
            container.config["linux"]["seccomp"] = profile([
                [
                    "names": ["kill"], "action": "SCMP_ACT_ERRNO",
                    "args": [["index": 1, "value": 10, "op": "SCMP_CMP_EQ"]],
                ]
            ])
            #expect(try container.run().lines.sorted() == ["refused", "usr2"])
        }

        @Test func `a default of refusal lets only the listed calls pass`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            container.config["process"]["args"] = ["/bin/busybox", "sync"]
            container.config["linux"]["seccomp"] = [
                "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64"],
                "syscalls": [["names": ["execve", "exit_group", "write"], "action": "SCMP_ACT_ALLOW"]],
            ]
            // busybox can't even set up its thread area, so anything but 0 shows that the default was taken.
            #expect(try container.run().code != 0)
        }
    }
}
