import Foundation
import Testing

extension Integration.NativeRuntime {
    @Suite(.serialized) struct Lifecycle {
        @Test func `a container goes from created to running to stopped to gone`() throws {
            let container = try RuntimeFixture("echo started; exec sleep 60")
            defer { container.finish() }
            let job = try container.create()
            #expect(container.status == "created")
            #expect(job.output.isEmpty, "the program ran before start")

            #expect(try container.call(["start", container.id]).code == 0)
            #expect(eventually { job.output == "started\n" })
            #expect(container.status == "running")

            #expect(try container.call(["kill", container.id, "KILL"]).code == 0)
            #expect(eventually { container.status == "stopped" })
            #expect(try container.call(["delete", container.id]).code == 0)
            #expect(try container.call(["state", container.id]).code != 0)
        }

        @Test func `state prints the document of the specification`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            container.config["annotations"] = ["org.example.key": "value"]
            _ = try container.create()
            let state = try container.stateDocument()
            #expect(state["ociVersion"].text?.hasPrefix("1.") == true)
            #expect(state["id"].text == container.id)
            #expect(state["status"].text == "created")
            #expect(state["bundle"].text == container.bundle.folder)
            #expect(state["annotations"]["org.example.key"].text == "value")
            let pid = try #require(state["pid"].number)
            #expect(kill(pid_t(pid), 0) == 0)
        }

        @Test(arguments: [0, 1, 42, 255]) func `run returns the exit code`(code: Int32) throws {
            let container = try RuntimeFixture("exit \(code)")
            defer { container.finish() }
            #expect(try container.run().code == code)
        }

        @Test func `run returns 128 and the signal`() throws {
            let container = try RuntimeFixture("kill -SEGV $$; sleep 5")
            defer { container.finish() }
            // A pid namespace's init is deaf to its own signals: let a child die of it.
            container.config["process"]["args"] = ["/bin/sh", "-c", "sh -c 'kill -9 $$'; exit $?"]
            #expect(try container.run().code == 137)
        }

        @Test func `run passes stdin, stdout and stderr`() throws {
            let container = try RuntimeFixture("cat; echo problem >&2")
            defer { container.finish() }
            let outcome = try container.run(Job.Options(input: "from outside\n"))
            #expect(outcome.output == "from outside\n")
            #expect(outcome.errors == "problem\n")
        }

        @Test func `signals arrive by number and by name`() throws {
            let script = "trap 'echo hup' HUP; trap 'echo usr1' USR1; trap 'echo term; exit 0' TERM; echo ready; "
            let container = try RuntimeFixture(script + "while :; do sleep 0.02; done")
            defer { container.finish() }
            let job = try container.startContainer()
            #expect(eventually { job.output.contains("ready") })
            for (name, answer) in [("1", "hup"), ("SIGUSR1", "usr1"), ("TERM", "term")] {
                #expect(try container.call(["kill", container.id, name]).code == 0)
                #expect(eventually { job.output.contains(answer) }, "kill \(name): \(job.output)")
            }
            #expect(eventually { container.status == "stopped" })
        }

        @Test(arguments: ["9", "kill", "SIGKILL"]) func `kill --all reaches every process`(word: String) throws {
            let container = try RuntimeFixture("sleep 1000 & sleep 1000 & echo ready; exec sleep 60")
            defer { container.finish() }
            let job = try container.startContainer()
            #expect(eventually { job.output.contains("ready") })
            #expect(try container.call(["kill", "--all", container.id, word]).code == 0)
            #expect(eventually { container.status == "stopped" })
            #expect(eventually { Residue.processes([container.id]).isEmpty })
            // Whoever asks for the death of what is dead has what he wants.
            #expect(try container.call(["kill", "-a", container.id, word]).code == 0)
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "the peers of Debian 12 know no names of real-time signals"))
        func `real-time signals arrive by name`() throws {
            let script = "trap 'echo min' 34; trap 'echo third' 37; trap 'echo max' 64; echo ready; "
            let container = try RuntimeFixture(script + "while :; do sleep 0.02; done")
            defer { container.finish() }
            let job = try container.startContainer()
            #expect(eventually { job.output.contains("ready") })
            for (name, answer) in [("SIGRTMIN", "min"), ("RTMIN+3", "third"), ("64", "max")] {
                #expect(try container.call(["kill", container.id, name]).code == 0)
                #expect(eventually { job.output.contains(answer) }, "kill \(name): \(job.output)")
            }
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "other runtimes have the threads they like"))
        func `the runtime and what waits for start have one thread`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.create()
            let pid = try #require(try container.stateDocument()["pid"].number)
            #expect(readText("/proc/\(pid)/cmdline")?.contains("hako-native") == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").count == 1)
            #expect(try container.call(["start", container.id]).code == 0)
            let job = try container.start(["exec", container.id, "sh", "-c", "echo up; sleep 60"])
            #expect(eventually { job.output == "up\n" })
            #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(job.pid)/task").count == 1)
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "the peers of Debian 12 have no --keep"))
        func `run --keep leaves a stopped container`() throws {
            let container = try RuntimeFixture("exit 4")
            defer { container.finish() }
            try container.bundle.write()
            let arguments = ["run", "--keep", "--bundle", container.bundle.folder, container.id]
            #expect(try container.call(arguments).code == 4)
            #expect(container.status == "stopped")
            #expect(try container.call(["delete", container.id]).code == 0)
        }

        @Test func `a pid file holds the pid that state shows`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            let file = container.bundle.folder + "/pid"
            _ = try container.create(["--pid-file", file])
            let pid = try #require(readTrimmed(file))
            #expect(Int(pid) == (try container.stateDocument()["pid"].number))
        }

        @Test func `a relative pid file is beside the caller, as is the hooks' working directory`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            let hook: Document = [
                "path": "/bin/sh", "args": ["sh", "-c", "umask >mask; pwd >where"], "env": ["PATH=/usr/bin:/bin"],
            ]
            container.config["hooks"] = ["createRuntime": [hook]]
            _ = try container.create(["--pid-file", "relative"])
            let pid = try #require(readTrimmed(container.bundle.folder + "/relative"))
            #expect(Int(pid) == (try container.stateDocument()["pid"].number))
            #expect(readTrimmed(container.bundle.folder + "/where") == container.bundle.folder)
            #expect(readTrimmed(container.bundle.folder + "/mask") == "0022")
        }

        @Test func `list shows the containers of its root as a table, as JSON and as ids`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.create()
            #expect(try container.call(["list"]).output.contains(container.id))
            let list = Document(json: try container.call(["list", "--format", "json"]).output)
            #expect(list?.elements.first?["id"].text == container.id)
            #expect(list?.elements.first?["status"].text == "created")
            #expect(try container.call(["list", "--quiet"]).text == container.id)
        }

        @Test func `delete refuses a running container and force ends it`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.startContainer()
            let pid = try #require(try container.stateDocument()["pid"].number)
            #expect(try container.call(["delete", container.id]).code != 0)
            #expect(container.status == "running")
            #expect(try container.call(["delete", "--force", container.id]).code == 0)
            #expect(eventually { kill(pid_t(pid), 0) != 0 })
        }

        @Test func `a created container is killed and deleted without having started`() throws {
            let container = try RuntimeFixture("echo ran")
            defer { container.finish() }
            let job = try container.create()
            #expect(try container.call(["kill", container.id, "KILL"]).code == 0)
            #expect(eventually { container.status == "stopped" })
            #expect(try container.call(["delete", container.id]).code == 0)
            #expect(job.output.isEmpty)
        }

        @Test func `all processes end with the first`() throws {
            let container = try RuntimeFixture("sleep 1000 & sleep 1000 & echo ready; exec sleep 60")
            defer { container.finish() }
            let job = try container.startContainer()
            #expect(eventually { job.output.contains("ready") })
            #expect(try container.call(["kill", container.id, "KILL"]).code == 0)
            #expect(
                eventually { Residue.processes([container.id]).isEmpty }, "\(Residue.processes([container.id]))")
        }

        @Test func `run --detach returns while the container runs`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            try container.bundle.write()
            let arguments = ["run", "--detach", "--bundle", container.bundle.folder, container.id]
            #expect(try container.call(arguments).code == 0)
            #expect(container.status == "running")
        }

        @Test func `spec writes a configuration that runs`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            #expect(try container.call(["spec"]).code == 0)
            let written = try #require(readText(container.bundle.folder + "/config.json"))
            var config = try #require(Document(json: written))
            #expect(config["ociVersion"].text?.hasPrefix("1.") == true)
            let kinds = Set(config["linux"]["namespaces"].elements.compactMap { $0["type"].text })
            #expect(kinds.contains("cgroup") == Machine.hasOnlyCgroup2, "\(kinds)")
            #expect(kinds.isSuperset(of: ["pid", "network", "ipc", "uts", "mount"]), "\(kinds)")
            config["process"]["terminal"] = false
            config["process"]["args"] = ["/bin/echo", "from the default"]
            config["linux"]["cgroupsPath"] = .string("/\(container.id)")
            config["process"]["rlimits"] = nil
            container.config = config
            #expect(try container.run().text == "from the default")
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "the peer of Debian 12 has no features"))
        func `features prints what the runtime can do`() throws {
            let container = try RuntimeFixture("")
            defer { container.finish() }
            let features = try #require(Document(json: try container.call(["features"]).output))
            #expect(features["ociVersionMin"].text?.hasPrefix("1.") == true)
            #expect(features["linux"]["namespaces"].elements.contains("user"))
            #expect(features["linux"]["seccomp"]["enabled"] == true)
            #expect(features["mountOptions"].elements.contains("ro"))
            #expect(features["linux"]["seccomp"]["archs"].elements.contains("SCMP_ARCH_S390X"))
            #expect(features["linux"]["seccomp"]["actions"].elements.contains("SCMP_ACT_NOTIFY"))
            let flags = features["linux"]["seccomp"]["supportedFlags"].elements
            #expect(flags.contains("SECCOMP_FILTER_FLAG_TSYNC"))
            #expect(flags.allSatisfy(features["linux"]["seccomp"]["knownFlags"].elements.contains))
            #expect(features["linux"]["memoryPolicy"]["modes"].elements.contains("MPOL_BIND"))
            for name in ["apparmor", "selinux", "netDevices"] {
                #expect(features["linux"][name]["enabled"] == true, "\(name)")
            }
            #expect(features["linux"]["mountExtensions"]["idmap"]["enabled"] == true)
        }

        @Test func `the version is printed`() throws {
            #expect(try run([Machine.runtime, "--version"]).output.contains("version"))
        }
    }
}
