import Foundation
import Testing

extension Integration.NativeRuntime.Conformance {
    /// config.md: the process.
    @Suite(.serialized) struct Process {
        @Test(.requirement("config.process.required-at-start", "runtime.operations.start.no-process"))
        func `a container without process is created and can't be started`() throws {
            let container = try RuntimeFixture("true") { $0["process"] = nil }
            defer { container.finish() }
            _ = try container.create()
            #expect(container.status == "created")
            #expect(try container.call(["start", container.id]).code != 0)
        }

        @Test(.requirement("config.process.consoleSize.ignored")) func `a size without a terminal`() throws {
            let container = try RuntimeFixture("tty || echo none") {
                $0["process"]["consoleSize"] = ["height": 10, "width": 20]
            }
            defer { container.finish() }
            #expect(try container.run().text.hasSuffix("none"))
        }

        @Test(.requirement("config.process.terminal", "config.process.consoleSize", "linux.devices.console"))
        func `a terminal with its size, and the console is it`() throws {
            let script = "tty; stty size; test -c /dev/console && stat -c %t:%T /dev/console $(tty) && echo end"
            let container = try RuntimeFixture(script) {
                $0["process"]["terminal"] = true
                $0["process"]["consoleSize"] = ["height": 31, "width": 77]
            }
            defer { container.finish() }
            let console = try ConsoleSocket(in: container.bundle.folder)
            _ = try container.create(["--console-socket", console.path])
            let terminal = try console.receive()
            #expect(try container.call(["start", container.id]).code == 0)
            #expect(terminal.shows("end"), "\(terminal.text)")
            let lines = terminal.text.split(whereSeparator: \.isNewline).map(String.init)
            #expect(lines.first?.hasPrefix("/dev/") == true)
            #expect(lines.contains("31 77"))
            let numbers = lines.filter { $0.contains(":") }
            #expect(numbers.count == 2 && numbers.first == numbers.last, "\(lines)")
        }

        @Test(.requirement("config.process.cwd")) func `the working folder`() throws {
            let container = try RuntimeFixture("pwd") { $0["process"]["cwd"] = "/home/user" }
            defer { container.finish() }
            #expect(try container.runText() == "/home/user")
        }

        @Test(.requirement("config.process.cwd.absolute"), arguments: ["tmp", "", "./", "../etc"])
        func `a relative working folder`(folder: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["process"]["cwd"] = .string(folder)
            try container.expectRefused()
        }

        @Test(.requirement("config.process.env")) func `the environment`() throws {
            let container = try RuntimeFixture("") {
                $0["process"]["env"] = ["PATH=/bin", "A=one two", "B=", "C=x=y"]
                $0["process"]["args"] = ["/bin/env"]
            }
            defer { container.finish() }
            let options = Job.Options(environment: ["OUTSIDE": "1"])
            #expect(
                Set(try container.run(options).text.split(separator: "\n")).isSuperset(of: ["A=one two", "B=", "C=x=y"])
            )
            #expect(try container.run(options).output.contains("OUTSIDE") == false)
        }

        @Test(.requirement("config.process.args.execvp")) func `a name is looked for in the container's PATH`() throws {
            let container = try RuntimeFixture("") {
                $0["process"]["env"] = ["PATH=/nowhere:/opt/own:/bin"]
                $0["process"]["args"] = ["own", "a b", ""]
            }
            defer { container.finish() }
            let folder = container.bundle.rootfs + "/opt/own"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let script = "#!/bin/sh\necho \"$#:$1:$2\"\n"
            try script.write(toFile: folder + "/own", atomically: false, encoding: .utf8)
            chmod(folder + "/own", 0o755)
            #expect(try container.runText() == "2:a b:")
        }

        @Test(
            .requirement("config.process.rlimits.unknown"), arguments: ["RLIMIT_DREAM", "", "NOFILE", "rlimit_nofile"])
        func `a limit that the kernel doesn't have`(type: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["process"]["rlimits"] = [["type": .string(type), "soft": 1, "hard": 1]]
            try container.expectRefused()
        }

        @Test(.requirement("config.process.rlimits.duplicate")) func `a limit that is given twice`() throws {
            let limit: Document = ["type": "RLIMIT_NOFILE", "soft": 64, "hard": 64]
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["process"]["rlimits"] = [limit, limit]
            try container.expectRefused()
        }

        /// Each limit with the word that /proc/PID/limits has for it, and a value that needs no right to be raised.
        private static let limits: [String: (words: String, soft: Int, hard: Int)] = [
            "RLIMIT_AS": ("Max address space", 1 << 30, 1 << 31),
            "RLIMIT_CORE": ("Max core file size", 0, 0),
            "RLIMIT_CPU": ("Max cpu time", 120, 240),
            "RLIMIT_DATA": ("Max data size", 1 << 29, 1 << 30),
            "RLIMIT_FSIZE": ("Max file size", 1 << 20, 1 << 21),
            "RLIMIT_LOCKS": ("Max file locks", 7, 9),
            "RLIMIT_MEMLOCK": ("Max locked memory", 4096, 8192),
            "RLIMIT_MSGQUEUE": ("Max msgqueue size", 1000, 2000),
            "RLIMIT_NICE": ("Max nice priority", 0, 0),
            "RLIMIT_NOFILE": ("Max open files", 64, 128),
            "RLIMIT_NPROC": ("Max processes", 500, 600),
            "RLIMIT_RSS": ("Max resident set", 1 << 28, 1 << 29),
            "RLIMIT_RTPRIO": ("Max realtime priority", 0, 0),
            "RLIMIT_RTTIME": ("Max realtime timeout", 100_000, 200_000),
            "RLIMIT_SIGPENDING": ("Max pending signals", 100, 200),
            "RLIMIT_STACK": ("Max stack size", 1 << 20, 1 << 22),
        ]

        @Test(
            .requirement("config.process.rlimits.get", "config.process.rlimits.soft", "config.process.rlimits.hard"),
            arguments: limits.keys.sorted())
        func `each limit`(type: String) throws {
            let limit = try #require(Self.limits[type])
            let container = try RuntimeFixture("grep '^\(limit.words) ' /proc/self/limits")
            defer { container.finish() }
            container.config["process"]["rlimits"] = [
                ["type": .string(type), "soft": .integer(limit.soft), "hard": .integer(limit.hard)]
            ]
            let values = try container.runText().dropFirst(limit.words.count).split(separator: " ")
            #expect(values.prefix(2) == ["\(limit.soft)", "\(limit.hard)"])
        }

        @Test(.requirement("config.process.capabilities")) func `the five sets of capabilities`() throws {
            let container = try RuntimeFixture("grep ^Cap /proc/self/status | tr '\\t' ' '") {
                $0["process"]["capabilities"] = [
                    "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_FOWNER", "CAP_SETUID"],
                    "permitted": ["CAP_CHOWN", "CAP_KILL", "CAP_FOWNER"],
                    "effective": ["CAP_CHOWN", "CAP_KILL"], "inheritable": ["CAP_CHOWN", "CAP_KILL"],
                    "ambient": ["CAP_CHOWN"],
                ]
                $0["process"]["user"] = ["uid": 1000, "gid": 1000]
                $0["process"]["args"] = ["/bin/grep", "^Cap", "/proc/self/status"]
            }
            defer { container.finish() }
            var sets: [String: UInt64] = [:]
            for line in try container.runText().split(separator: "\n") {
                let words = line.split(whereSeparator: { $0 == ":" || $0 == "\t" || $0 == " " })
                if words.count == 2 { sets[String(words[0])] = UInt64(words[1], radix: 16) }
            }
            // chown 0, fowner 3, kill 5, setuid 7. Across exec an ordinary user keeps what is ambient, see capabilities(7).
            #expect(sets["CapBnd"] == 0b1010_1001)
            #expect(sets["CapInh"] == 0b10_0001)
            #expect(sets["CapAmb"] == 1 && sets["CapPrm"] == 1 && sets["CapEff"] == 1)
        }

        @Test(
            .requirement(
                "config.process.capabilities.unknown", "config.process.capabilities.goes-on",
                "runtime.warnings.go-on"))
        func `a capability that can't be granted is a warning`() throws {
            let container = try RuntimeFixture("grep CapBnd /proc/self/status") {
                $0["process"]["capabilities"] = Bundle.capabilities(["CAP_CHOWN", "CAP_DREAM", "CAP_KILL"])
            }
            defer { container.finish() }
            let outcome = try container.run()
            #expect(outcome.code == 0 && outcome.text == "CapBnd:\t0000000000000021", "\(outcome)")
            #expect(outcome.errors.contains("CAP_DREAM"), "\(outcome)")
        }

        @Test(
            .requirement("config.process.capabilities.unknown", "config.process.capabilities.goes-on"),
            .enabled(if: Machine.program("setpriv") != nil, "needs setpriv"))
        func `a capability that the caller lacks is a warning`() throws {
            let container = try RuntimeFixture("grep CapPrm /proc/self/status") {
                $0["process"]["capabilities"] = Bundle.capabilities(["CAP_CHOWN", "CAP_KILL"])
            }
            defer { container.finish() }
            try container.bundle.write()
            let log = container.bundle.folder + "/log"
            let arguments = [
                "--root", container.state, "--log", log, "run", "--bundle", container.bundle.folder, container.id,
            ]
            let outcome = try run(["setpriv", "--bounding-set", "-kill", Machine.runtime] + arguments)
            #expect(outcome.code == 0 && outcome.text == "CapPrm:\t0000000000000001", "\(outcome)")
            #expect((outcome.errors + (readText(log) ?? "")).contains("CAP_KILL"), "\(outcome)")
        }

        @Test(.requirement("config.process.noNewPrivileges"), arguments: [true, false])
        func `no new privileges`(wanted: Bool) throws {
            let container = try RuntimeFixture("grep NoNewPrivs /proc/self/status") {
                $0["process"]["noNewPrivileges"] = .boolean(wanted)
            }
            defer { container.finish() }
            #expect(try container.runText() == "NoNewPrivs:\t\(wanted ? 1 : 0)")
        }

        @Test(.requirement("config.process.oomScoreAdj.set"), arguments: [100, 1000])
        func `the score of the out-of-memory killer`(score: Int) throws {
            let container = try RuntimeFixture("cat /proc/self/oom_score_adj") {
                $0["process"]["oomScoreAdj"] = .integer(score)
            }
            defer { container.finish() }
            #expect(try container.runText() == "\(score)")
        }

        @Test(.requirement("config.process.oomScoreAdj.unset")) func `the score that isn't configured`() throws {
            let container = try RuntimeFixture("cat /proc/self/oom_score_adj")
            defer { container.finish() }
            #expect(try container.runText() == readTrimmed("/proc/self/oom_score_adj"))
        }

        @Test(
            .requirement(
                "config.process.user.uid", "config.process.user.gid",
                "config.process.user.additionalGids", "config.process.user.umask"))
        func `the user`() throws {
            let container = try RuntimeFixture("id -u; id -g; id -G; umask") {
                $0["process"]["user"] = ["uid": 1234, "gid": 2345, "additionalGids": [10, 4000], "umask": 63]
                $0["process"]["capabilities"] = [:]
            }
            defer { container.finish() }
            let lines = try container.runText().split(separator: "\n")
            #expect(lines.prefix(2) == ["1234", "2345"])
            #expect(Set(lines[2].split(separator: " ")) == ["2345", "10", "4000"])
            #expect(lines.last == "0077")
        }
    }
}
