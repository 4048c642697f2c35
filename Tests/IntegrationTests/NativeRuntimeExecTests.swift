import Foundation
import Testing

extension Integration.NativeRuntime {
    /// A container that stays, and programs executed in it.
    @Suite(.serialized) struct Exec {
        /// A running container; `change` is made to its configuration first.
        private func resident(_ change: (inout Document) -> Void = { _ in }) throws -> RuntimeFixture {
            let container = try RuntimeFixture("sleep 600")
            change(&container.config)
            _ = try container.startContainer()
            return container
        }

        private func exec(
            _ container: RuntimeFixture, _ options: [String], _ script: String,
            _ started: Job.Options = Job.Options()
        ) throws -> Outcome {
            try container.call(["exec"] + options + [container.id, "sh", "-c", script], started)
        }

        private func exec(
            _ container: RuntimeFixture, _ script: String, _ started: Job.Options = Job.Options()
        ) throws -> Outcome {
            try exec(container, [], script, started)
        }

        @Test func `the program runs in the container's namespaces and cgroups`() throws {
            let container = try resident()
            defer { container.finish() }
            let pid = try #require(try container.stateDocument()["pid"].number)
            let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "uts"]
            let script = "for kind in \(kinds.joined(separator: " ")); do readlink /proc/self/ns/$kind; done; hostname"
            let lines = try exec(container, script).lines
            let files = FileManager.default
            let expected = try kinds.map { try files.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/\($0)") }
            #expect(lines == expected + ["box"])
            let membership = try exec(container, "cat /proc/self/cgroup").text
            #expect(membership == (try exec(container, "cat /proc/1/cgroup").text))
            let job = try container.start(["exec", container.id, "sh", "-c", "echo up; sleep 600"])
            #expect(eventually { job.output == "up\n" })
            let group = try #require(try container.cgroupFile("pids", v1: "cgroup.procs", v2: "cgroup.procs"))
            #expect(group.split(separator: "\n").count >= 2, "\(group)")
        }

        @Test(arguments: [0, 7, 255]) func `the exit code comes back`(code: Int32) throws {
            let container = try resident()
            defer { container.finish() }
            #expect(try exec(container, "exit \(code)").code == code)
        }

        @Test func `a signal's code comes back, and signals are passed on`() throws {
            let container = try resident()
            defer { container.finish() }
            #expect(try exec(container, "kill -9 $$").code == 137)
            let script = "trap 'echo got it; exit 9' TERM; echo up; while :; do sleep 0.02; done"
            let job = try container.start(["exec", container.id, "sh", "-c", script])
            #expect(eventually { job.output == "up\n" })
            kill(job.pid, SIGTERM)
            let outcome = job.wait()
            #expect(outcome.code == 9 && outcome.output == "up\ngot it\n", "\(outcome)")
        }

        @Test func `stdin, stdout and stderr are the caller's`() throws {
            let container = try resident()
            defer { container.finish() }
            let outcome = try exec(container, "cat; echo problem >&2", Job.Options(input: "from outside\n"))
            #expect(outcome.output == "from outside\n" && outcome.errors == "problem\n", "\(outcome)")
        }

        @Test func `user, groups, folder and environment come from the options`() throws {
            let container = try resident()
            defer { container.finish() }
            let options = [
                "-u", "1000:1001", "-g", "5", "-g", "6", "--cwd", "/tmp", "-e", "WORD=own", "-e", "B=2",
            ]
            let outcome = try exec(container, options, "id -u; id -g; id -G; pwd; echo $WORD $B")
            #expect(outcome.lines == ["1000", "1001", "1001 5 6", "/tmp", "own 2"], "\(outcome)")
        }

        @Test func `without options the program is what the container's is`() throws {
            let container = try resident {
                $0["process"]["user"] = ["uid": 1000, "gid": 1000]
                $0["process"]["cwd"] = "/home/user"
                $0["process"]["oomScoreAdj"] = 321
                $0["process"]["rlimits"] = [["type": "RLIMIT_NOFILE", "soft": 512, "hard": 512]]
            }
            defer { container.finish() }
            let outcome = try exec(container, "id -u; pwd; echo $WORD; ulimit -n; cat /proc/self/oom_score_adj")
            #expect(outcome.lines == ["1000", "/home/user", "from the bundle", "512", "321"], "\(outcome)")
        }

        @Test func `an added capability is ambient where the container may inherit it`() throws {
            let container = try resident {
                $0["process"]["capabilities"]["bounding"] = ["CAP_KILL", "CAP_SYS_CHROOT"]
                $0["process"]["capabilities"]["inheritable"] = ["CAP_KILL", "CAP_SYS_CHROOT"]
                $0["process"]["capabilities"]["ambient"] = ["CAP_KILL"]
            }
            defer { container.finish() }
            let outcome = try exec(
                container, ["--cap", "CAP_SYS_CHROOT", "--cap", "CAP_MKNOD"], "grep CapAmb /proc/self/status")
            #expect(outcome.lines == ["CapAmb:\t0000000000040020"], "\(outcome)")
        }

        @Test(.enabled(if: Machine.runtimeIsOurs)) func `a word that is no capability is refused`() throws {
            let container = try resident()
            defer { container.finish() }
            let outcome = try exec(container, ["--cap", "CAP_NONE"], "true")
            #expect(outcome.code == 255 && outcome.errors.contains("CAP_NONE"), "\(outcome)")
        }

        @Test func `capabilities are added, no new privileges set`() throws {
            let container = try resident { $0["process"]["noNewPrivileges"] = false }
            defer { container.finish() }
            let script = "grep -E 'CapEff|CapBnd|CapInh|NoNew' /proc/self/status"
            let plain = try exec(container, script)
            #expect(
                plain.lines == [
                    "CapInh:\t0000000000000000", "CapEff:\t00000000000000e1", "CapBnd:\t00000000000000e1",
                    "NoNewPrivs:\t0",
                ], "\(plain)")
            let more = try exec(container, ["--cap", "CAP_SYS_CHROOT", "--no-new-privs"], script)
            #expect(
                more.lines == [
                    "CapInh:\t0000000000000000", "CapEff:\t00000000000400e1", "CapBnd:\t00000000000400e1",
                    "NoNewPrivs:\t1",
                ], "\(more)")
        }

        @Test func `a document says it all`() throws {
            let container = try resident()
            defer { container.finish() }
            let script = "id -u; pwd; echo $WORD$OTHER; umask; grep CapEff /proc/self/status; ulimit -n"
            let document: Document = [
                "args": ["/bin/sh", "-c", .string(script)], "cwd": "/tmp", "env": ["PATH=/bin", "OTHER=x"],
                "user": ["uid": 1000, "gid": 1000], "capabilities": Bundle.capabilities([]),
                "rlimits": [["type": "RLIMIT_NOFILE", "soft": 99, "hard": 100]],
            ]
            let file = container.bundle.folder + "/process.json"
            try document.json.write(toFile: file, atomically: false, encoding: .utf8)
            let outcome = try container.call(["exec", "--process", file, container.id])
            let expected = ["1000", "/tmp", "x", "0022", "CapEff:\t0000000000000000", "99"]
            #expect(outcome.lines == expected, "\(outcome)")
            if Machine.runtimeIsOurs {
                let piped = try container.call(["exec", "-p", "-", container.id], Job.Options(input: document.json))
                #expect(piped.lines == expected, "\(piped)")
            }
        }

        @Test func `a document without capabilities gets the container's`() throws {
            let container = try resident()
            defer { container.finish() }
            let file = container.bundle.folder + "/process.json"
            let text = #"{"args": ["/bin/grep", "CapEff", "/proc/self/status"], "cwd": "/"}"#
            try text.write(toFile: file, atomically: false, encoding: .utf8)
            let outcome = try container.call(["exec", "--process=\(file)", container.id])
            #expect(outcome.text == "CapEff:\t00000000000000e1", "\(outcome)")
        }

        @Test func `the container's filter holds`() throws {
            let container = try resident {
                $0["linux"]["seccomp"] = [
                    "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
                    "syscalls": [["names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1]],
                ]
            }
            defer { container.finish() }
            let outcome = try exec(container, "grep Seccomp: /proc/self/status; mkdir /tmp/new || echo refused")
            #expect(outcome.lines == ["Seccomp:\t2", "refused"], "\(outcome)")
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "runc reads the bundle's config.json again"))
        func `a bundle that changes after create changes nothing`() throws {
            let container = try resident {
                $0["linux"]["seccomp"] = [
                    "defaultAction": "SCMP_ACT_ALLOW",
                    "syscalls": [["names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"]],
                ]
            }
            defer { container.finish() }
            container.config["linux"]["seccomp"] = nil
            container.config["process"]["capabilities"] = Bundle.capabilities(["CAP_SYS_ADMIN"])
            try container.bundle.write()
            let outcome = try exec(container, "grep -E 'Seccomp:|CapEff' /proc/self/status")
            #expect(outcome.lines == ["CapEff:\t00000000000000e1", "Seccomp:\t2"], "\(outcome)")
        }

        @Test func `--detach returns when the program runs, with its pid in the file`() throws {
            let container = try resident()
            defer { container.finish() }
            let file = container.bundle.folder + "/pid"
            let outcome = try exec(container, ["--detach", "--pid-file", file], "exec sleep 777")
            #expect(outcome.code == 0 && outcome.output.isEmpty, "\(outcome)")
            let pid = try #require(readTrimmed(file))
            #expect(eventually { readText("/proc/\(pid)/cmdline") == "sleep\u{0}777\u{0}" })
            let status = readText("/proc/\(pid)/status") ?? ""
            #expect(status.contains("NSpid:\t\(pid)\t"), "\(status)")
        }

        @Test func `descriptors are kept when asked for, and no other one`() throws {
            let container = try resident()
            defer { container.finish() }
            let file = container.bundle.folder + "/kept"
            try "kept\n".write(toFile: file, atomically: false, encoding: .utf8)
            let (kept, other) = (open(file, O_RDONLY), open("/etc/hostname", O_RDONLY))
            defer {
                close(kept)
                close(other)
            }
            let started = Job.Options(descriptors: [kept, other])
            let outcome = try exec(
                container, ["--preserve-fds", "1"], "cat <&3; ls /proc/self/fd | tr '\\n' ' '", started)
            // ls has the three standard ones, 3, and 4 for the folder that it reads.
            #expect(outcome.lines == ["kept", "0 1 2 3 4"], "\(outcome)")
            let none = try exec(container, "ls /proc/self/fd | tr '\\n' ' '", started)
            #expect(none.output == "0 1 2 3 ", "\(none)")
        }

        @Test func `a cgroup below the container's is entered`() throws {
            let container = try resident()
            defer { container.finish() }
            let folder =
                Machine.hasOnlyCgroup2 ? "/sys/fs/cgroup/\(container.id)" : "/sys/fs/cgroup/pids/\(container.id)"
            try FileManager.default.createDirectory(atPath: folder + "/below", withIntermediateDirectories: false)
            let word = Machine.hasOnlyCgroup2 ? "below" : "pids:below"
            let job = try container.start(["exec", "--cgroup", word, container.id, "sh", "-c", "echo up; sleep 600"])
            #expect(eventually { job.output == "up\n" })
            #expect(readTrimmed(folder + "/below/cgroup.procs")?.isEmpty == false)
            let outside = try exec(container, ["--cgroup", "../elsewhere"], "true")
            #expect(outside.code == 255 && outside.errors.contains("not a sub cgroup path"), "\(outside)")
            #expect(try exec(container, ["--cgroup", "missing"], "true").code == 255)
        }

        @Test func `a terminal comes over the console socket`() throws {
            let container = try resident()
            defer { container.finish() }
            let socket = try ConsoleSocket(in: container.bundle.folder)
            let file = container.bundle.folder + "/process.json"
            let document: Document = [
                "terminal": true, "consoleSize": ["height": 33, "width": 99], "cwd": "/", "env": ["PATH=/bin"],
                "args": ["sh", "-c", "tty; stty size; read word; echo got $word; sleep 60"],
            ]
            try document.json.write(toFile: file, atomically: false, encoding: .utf8)
            let options = ["--process", file, "--detach", "--tty", "--console-socket", socket.path]
            let job = try container.start(["exec"] + options + [container.id])
            let terminal = try socket.receive()
            #expect(job.wait().code == 0, "\(job.errors)")
            #expect(terminal.shows("/dev/pts/0"), "\(terminal.text)")
            if Machine.runtimeIsOurs { #expect(terminal.shows("33 99"), "\(terminal.text)") }
            terminal.type("words\n")
            #expect(terminal.shows("got words"), "\(terminal.text)")
        }

        @Test func `a terminal in the foreground is the caller's`() throws {
            let container = try resident()
            defer { container.finish() }
            let terminal = try Terminal()
            terminal.resize(rows: 30, columns: 70)
            let script = "sleep 0.2; tty; stty size; read word; echo got $word; exit 5"
            let job = try container.start(
                ["exec", "-t", container.id, "sh", "-c", script], Job.Options(terminal: terminal.path))
            #expect(terminal.shows("/dev/pts/0"), "\(terminal.text)")
            #expect(terminal.shows("30 70"), "\(terminal.text)")
            terminal.type("words\n")
            #expect(terminal.shows("got words\r\n"), "\(terminal.text)")
            #expect(job.wait().code == 5)
        }

        @Test func `a relayed terminal's lines end in line feeds alone`() throws {
            let container = try resident()
            defer { container.finish() }
            let outcome = try container.call(["exec", "-t", container.id, "sh", "-c", "tty; echo line"])
            #expect(outcome.output == "/dev/pts/0\nline\n", "\(outcome)")
        }

        @Test func `a created container takes programs, a stopped one does not`() throws {
            let container = try RuntimeFixture("sleep 600")
            defer { container.finish() }
            _ = try container.create()
            #expect(try exec(container, "hostname").text == "box")
            #expect(container.status == "created")
            #expect(try container.call(["kill", container.id, "KILL"]).code == 0)
            #expect(eventually { container.status == "stopped" })
            let outcome = try exec(container, "true")
            #expect(outcome.code == 255 && outcome.errors.contains("stopped container"), "\(outcome)")
        }

        @Test func `a paused container refuses, or runs the program when it goes on`() throws {
            let container = try resident()
            defer { container.finish() }
            let folder = (Machine.hasOnlyCgroup2 ? "/sys/fs/cgroup/" : "/sys/fs/cgroup/freezer/") + container.id
            let file = folder + (Machine.hasOnlyCgroup2 ? "/cgroup.freeze" : "/freezer.state")
            func freeze(_ on: Bool) throws {
                let word = Machine.hasOnlyCgroup2 ? (on ? "1" : "0") : (on ? "FROZEN" : "THAWED")
                try word.write(toFile: file, atomically: false, encoding: .utf8)
            }
            try freeze(true)
            defer { try? freeze(false) }
            #expect(eventually { container.status == "paused" })
            let outcome = try exec(container, "true")
            #expect(outcome.code == 255 && outcome.errors.contains("paused container"), "\(outcome)")
            let job = try container.start(["exec", "--ignore-paused", container.id, "echo", "went on"])
            usleep(100_000)
            #expect(!job.hasEnded && job.output.isEmpty)
            try freeze(false)
            #expect(job.wait().text == "went on")
        }

        @Test(arguments: [
            (["nope"], "executable file not found in $PATH"), (["/not/there"], "no such file or directory"),
            (["/etc/passwd"], "permission denied"), (["/etc"], "permission denied"), ([], "empty"),
        ])
        func `what can't be executed is told, detached or not`(command: [String], reason: String) throws {
            let container = try resident()
            defer { container.finish() }
            for options in [[], ["--detach"]] {
                let outcome = try container.call(["exec"] + options + [container.id] + command)
                #expect(outcome.code == 255, "\(outcome)")
                #expect(outcome.errors.contains(reason), "\(outcome)")
            }
        }

        @Test(arguments: [
            (["--cwd", "/not/there"], "/not/there"), (["--cwd", "relative"], "absolute path"),
            (["-u", "word"], "word"),
            (["-t", "-d"], "console socket"), (["--console-socket", "/x"], "console socket"),
            (["--process", "/not/there"], "/not/there"), (["--cgroup", "dream:x"], "dream"),
        ])
        func `a setup that fails gives 255 and a reason`(options: [String], reason: String) throws {
            let container = try resident()
            defer { container.finish() }
            let command = options.first == "--process" ? [] : ["true"]
            let outcome = try container.call(["exec"] + options + [container.id] + command)
            #expect(outcome.code == 255 && outcome.errors.contains(reason), "\(outcome)")
        }

        @Test func `errors of the command line give 1, a missing container 255`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            #expect(try container.call(["exec"]).code == 1)
            let unknown = try container.call(["exec", "--dream", container.id, "true"])
            #expect(unknown.code == 1 && (unknown.errors + unknown.output).contains("dream"), "\(unknown)")
            let log = container.bundle.folder + "/log"
            let missing = try container.call(["--log", log, "--log-format", "json", "exec", container.id, "true"])
            #expect(missing.code == 255)
            let line = Document(json: readTrimmed(log) ?? "") ?? .null
            #expect(line["msg"].text == "exec failed: container does not exist", "\(line)")
            #expect(line["level"].text == "error")
        }

        @Test func `a working directory outside of the root is refused`() throws {
            let container = try resident()
            defer { container.finish() }
            let host = open("/", O_RDONLY | O_DIRECTORY)
            defer { close(host) }
            // The descriptor of the host's root is passed on purpose: even so it's no way out (CVE-2024-21626).
            let options = ["--preserve-fds", "1", "--cwd", "/proc/self/fd/3"]
            let outcome = try exec(container, options, "ls etc", Job.Options(descriptors: [host]))
            #expect(outcome.code == 255, "\(outcome)")
        }

        @Test func `in a user namespace the program is its root`() throws {
            let container = try RuntimeFixture("sleep 600")
            defer { container.finish() }
            container.config["linux"]["namespaces"].elements.append(["type": "user"])
            let mapping: Document = [["containerID": 0, "hostID": 100_000, "size": 65536]]
            container.config["linux"]["uidMappings"] = mapping
            container.config["linux"]["gidMappings"] = mapping
            _ = try run(["chown", "-R", "100000:100000", container.bundle.rootfs])
            _ = try container.startContainer()
            let outcome = try exec(container, "id -u; cat /proc/self/uid_map | tr -s ' '; readlink /proc/self/ns/user")
            let pid = try #require(try container.stateDocument()["pid"].number)
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/user")
            #expect(outcome.lines == ["0", " 0 100000 65536", own], "\(outcome)")
        }
    }
}
