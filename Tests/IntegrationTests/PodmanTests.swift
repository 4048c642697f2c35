import Foundation
import Testing

/// podman with an OCI runtime: its own folders, cgroupfs, and limits that this kind of machine can set.
private final class Podman {
    let home: String
    let runtime: String

    static let isThere = Machine.program("podman") != nil && Machine.program("conmon") != nil
    /// The runtime under test and Debian's runc, which every test must pass too: so it's not the test that is wrong.
    static let runtimes = [Machine.runtime] + (Machine.program("runc").map { [$0] } ?? [])

    init(_ runtime: String) throws {
        self.runtime = runtime
        home = try makeTemporaryFolder("podman")
        let limits = "[containers]\ndefault_ulimits = [\"nofile=1024:20000\", \"nproc=30000:30000\"]\n"
        try limits.write(toFile: home + "/containers.conf", atomically: false, encoding: .utf8)
        let pulled = try call(["pull", "docker-archive:\(try TestImages.shared.get().folder)/busybox.tar"])
        try #require(pulled.code == 0, "\(pulled)")
    }

    func start(_ arguments: [String], _ options: Job.Options = Job.Options()) throws -> Job {
        var options = options
        options.environment["CONTAINERS_CONF"] = home + "/containers.conf"
        let settings = [
            "--storage-driver", "overlay", "--cgroup-manager", "cgroupfs", "--events-backend", "file",
            "--root", home + "/root", "--runroot", home + "/run", "--tmpdir", home + "/tmp", "--runtime", runtime,
        ]
        return try Job(["podman"] + settings + arguments, options)
    }

    func call(_ arguments: [String], _ options: Job.Options = Job.Options()) throws -> Outcome {
        try start(arguments, options).wait()
    }

    /// `podman run --rm --network none FLAGS busybox sh -c SCRIPT`.
    func run(_ flags: [String], _ script: String) throws -> Outcome {
        try call(["run", "--rm", "--network", "none"] + flags + ["localhost/busybox", "sh", "-c", script])
    }

    func finish(at location: SourceLocation = #_sourceLocation) {
        _ = try? call(["rm", "--all", "--force", "--time", "0"])
        // podman keeps its storage mounted for itself.
        for mount in Residue.mounts([home]).reversed() {
            let path = mount.split(separator: " ").dropFirst(5).first.map(String.init) ?? ""
            if path == home + "/root/overlay" { _ = try? IntegrationTests.run(["umount", path]) }
        }
        let left = Residue.left(marks: [home], folders: [])
        #expect(left.isEmpty, "left behind: \(left)", sourceLocation: location)
        try? FileManager.default.removeItem(atPath: home)
    }
}

extension Integration.NativeRuntime {
    @Suite(.serialized, .enabled(if: Podman.isThere, "needs podman and conmon")) struct WithPodman {
        @Test(arguments: Podman.runtimes) func `a program runs and its exit code comes back`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let outcome = try podman.run([], "echo hello; exit 3")
            #expect(outcome.output == "hello\n", "\(outcome)")
            #expect(outcome.code == 3, "\(outcome)")
        }

        @Test(arguments: Podman.runtimes) func `what can't be run gives 126 or 127`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let missing = try podman.call(["run", "--rm", "--network", "none", "localhost/busybox", "/not/there"])
            #expect(missing.code == 127, "\(missing)")
            let refused = try podman.call(["run", "--rm", "--network", "none", "localhost/busybox", "/etc/passwd"])
            #expect(refused.code == 126, "\(refused)")
        }

        @Test(arguments: Podman.runtimes) func `user, folder, environment and host name`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let flags = ["-u", "user", "-w", "/tmp", "-e", "A=1", "--hostname", "box"]
            #expect(try podman.run(flags, "id -u; pwd; echo $A; hostname").lines == ["1000", "/tmp", "1", "box"])
        }

        @Test(arguments: Podman.runtimes) func `confinement is podman's`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let outcome = try podman.run(["--cap-drop", "all"], "grep -E 'CapEff|Seccomp:' /proc/self/status")
            #expect(outcome.lines == ["CapEff:\t0000000000000000", "Seccomp:\t2"], "\(outcome)")
        }

        @Test(arguments: Podman.runtimes) func `limits, volumes and a read-only root`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let flags = ["-m", "64m", "--pids-limit", "20", "--read-only", "-v", "\(podman.home):/data"]
            let limits = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max"
            let limits2 = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max"
            let script = "\(Machine.hasOnlyCgroup2 ? limits2 : limits); ls /data/containers.conf; touch /file"
            let outcome = try podman.run(flags, script)
            #expect(outcome.lines == ["67108864", "20", "/data/containers.conf"], "\(outcome)")
            #expect(outcome.errors.lowercased().contains("read-only"))
        }

        @Test(arguments: Podman.runtimes) func `a detached container is stopped and removed`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let script = "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"
            let flags = ["run", "-d", "--name", "one", "--network", "none"]
            let outcome = try podman.call(flags + ["localhost/busybox", "sh", "-c", script])
            #expect(outcome.code == 0, "\(outcome)")
            #expect(try eventually { try podman.call(["logs", "one"]).output.contains("up") })
            #expect(try podman.call(["stop", "one"]).code == 0)
            #expect(try podman.call(["inspect", "one", "--format", "{{.State.ExitCode}}"]).text == "7")
            #expect(try podman.call(["rm", "one"]).code == 0)
        }

        @Test(arguments: Podman.runtimes) func `programs are executed in a running container`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let started = try podman.call(
                ["run", "-d", "--name", "one", "--network", "none", "localhost/busybox", "sleep", "600"])
            #expect(started.code == 0, "\(started)")
            let flags = ["exec", "-u", "user", "-w", "/tmp", "-e", "A=1", "one"]
            let outcome = try podman.call(
                flags + ["sh", "-c", "id -u; pwd; echo $A; grep Seccomp: /proc/self/status; exit 3"])
            #expect(outcome.lines == ["1000", "/tmp", "1", "Seccomp:\t2"] && outcome.code == 3, "\(outcome)")
            let input = try podman.call(["exec", "-i", "one", "cat"], Job.Options(input: "from outside\n"))
            #expect(input.output == "from outside\n", "\(input)")
            #expect(try podman.call(["exec", "one", "/not/there"]).code == 127)
            #expect(try podman.call(["exec", "one", "/etc/passwd"]).code == 126)
            #expect(try podman.call(["exec", "-d", "one", "sh", "-c", "echo made > /tmp/file"]).code == 0)
            #expect(try eventually { try podman.call(["exec", "one", "cat", "/tmp/file"]).text == "made" })
            let terminal = try Terminal()
            terminal.resize(rows: 30, columns: 70)
            let job = try podman.start(
                ["exec", "-it", "one", "sh", "-c", "sleep 0.5; tty; stty size"], Job.Options(terminal: terminal.path))
            #expect(terminal.shows("/dev/pts/0"), "\(terminal.text)")
            #expect(terminal.shows("30 70"), "\(terminal.text)")
            #expect(job.wait().code == 0)
        }

        @Test(.enabled(if: Machine.canCheckpoint, Machine.needsCriu), arguments: Podman.runtimes)
        func `a checkpoint is restored in its place, and elsewhere from its archive`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let script = "i=0; while :; do i=$((i+1)); echo $i >> /count; sleep 0.05; done"
            let flags = ["run", "-d", "--name", "one", "--network", "none", "localhost/busybox", "sh", "-c", script]
            #expect(try podman.call(flags).code == 0)
            func counted(_ name: String) throws -> Bool {
                let lines = try podman.call(["exec", name, "cat", "/count"]).lines
                return lines.count > 3 && lines == (1...lines.count).map(String.init)
            }
            #expect(try eventually { try counted("one") })
            let stopped = try podman.call(["container", "checkpoint", "one"], Machine.withCriu)
            #expect(stopped.code == 0, "\(stopped)")
            #expect(try podman.call(["inspect", "one", "--format", "{{.State.Status}}"]).text == "exited")
            let restored = try podman.call(["container", "restore", "one"], Machine.withCriu)
            #expect(restored.code == 0, "\(restored)")
            #expect(try eventually { try counted("one") })
            let archive = podman.home + "/one.tar"
            let options = ["checkpoint", "--leave-running", "--export", archive, "one"]
            let kept = try podman.call(["container"] + options, Machine.withCriu)
            #expect(kept.code == 0, "\(kept)")
            #expect(try podman.call(["inspect", "one", "--format", "{{.State.Status}}"]).text == "running")
            let words = ["container", "restore", "--import", archive, "--name", "two"]
            let imported = try podman.call(words, Machine.withCriu)
            #expect(imported.code == 0, "\(imported)")
            #expect(try eventually { try counted("two") })
        }

        @Test(arguments: Podman.runtimes) func `a container is paused, updated, measured`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let flags = ["run", "-d", "--name", "one", "--network", "none", "-m", "64m"]
            #expect(try podman.call(flags + ["localhost/busybox", "sleep", "100"]).code == 0)
            #expect(try podman.call(["pause", "one"]).code == 0)
            #expect(try podman.call(["inspect", "one", "--format", "{{.State.Status}}"]).text == "paused")
            #expect(try podman.call(["exec", "one", "true"]).code != 0)
            #expect(try podman.call(["unpause", "one"]).code == 0)
            #expect(try podman.call(["exec", "one", "true"]).code == 0)
            let update = try podman.call(["update", "--cpus", "0.5", "--memory", "80m", "one"])
            #expect(update.code == 0, "\(update)")
            let file = Machine.hasOnlyCgroup2 ? "memory.max" : "memory/memory.limit_in_bytes"
            let limit = try podman.call(["exec", "one", "cat", "/sys/fs/cgroup/\(file)"])
            #expect(limit.text == "\(80 << 20)", "\(limit)")
            let stats = try podman.call(["stats", "--no-stream", "--format", "{{.PIDS}} {{.MemUsage}}", "one"])
            #expect(stats.code == 0 && stats.text.hasPrefix("1 "), "\(stats)")
            let top = try podman.call(["top", "one", "args"])
            #expect(top.output.contains("sleep 100"), "\(top)")
        }

        @Test(arguments: Podman.runtimes) func `a terminal works`(runtime: String) throws {
            let podman = try Podman(runtime)
            defer { podman.finish() }
            let terminal = try Terminal()
            terminal.resize(rows: 30, columns: 70)
            let arguments = [
                "run", "--rm", "-it", "--network", "none", "localhost/busybox", "sh", "-c", "tty; stty size",
            ]
            let job = try podman.start(arguments, Job.Options(terminal: terminal.path))
            #expect(terminal.shows("/dev/pts/0"), "\(terminal.text)")
            #expect(terminal.shows("30 70"), "\(terminal.text)")
            #expect(job.wait().code == 0)
        }
    }
}
