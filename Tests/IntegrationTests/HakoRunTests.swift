import Foundation
import Testing

extension Integration.HakoRun {
    @Suite(.serialized) struct Run {
        @Test func `a program of an image from a registry runs`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let outcome = try hako.call(["run", "--rm", hako.busybox, "echo", "hello"])
            #expect(outcome.code == 0, "\(outcome)")
            #expect(outcome.output == "hello\n")
            #expect(try hako.call(["ps", "--all", "--quiet"]).text.isEmpty)
        }

        @Test(arguments: [0, 1, 42, 255]) func `the exit code is the program's`(code: Int32) throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.run([], "exit \(code)").code == code)
        }

        @Test func `a program that a signal ended gives 128 and the signal`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.run([], "sh -c 'kill -9 $$'; exit $?").code == 137)
        }

        @Test func `what can't be run gives 125, 126 or 127 as with docker`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let missing = try hako.call(["run", "--rm", hako.busybox, "/not/there"])
            #expect(missing.code == 127, "\(missing)")
            #expect(missing.errors.contains("/not/there"))
            let unexecutable = try hako.call(["run", "--rm", hako.busybox, "/etc/passwd"])
            #expect(unexecutable.code == 126, "\(unexecutable)")
            let unknown = try hako.call(["run", "--rm", hako.images.registry + "/unknown", "true"])
            #expect(unknown.code == 125, "\(unknown)")
            #expect(unknown.errors.contains("unknown"))
            let flag = try hako.call(["run", "--no-such-flag", hako.busybox, "true"])
            #expect(flag.code == 125, "\(flag)")
            #expect(flag.errors.contains("no-such-flag"))
        }

        @Test func `the image's configuration is honoured`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let plain = try hako.call(["run", "--rm", hako.configured])
            #expect(plain.lines == ["hello from the image", "1000", "/home/user", "default words"], "\(plain)")
            let changed = try hako.call(["run", "--rm", "-e", "GREETING=mine", "-u", "0", hako.configured, "other"])
            #expect(changed.lines == ["mine", "0", "/home/user", "other"], "\(changed)")
        }

        @Test func `flags after the image are the program's`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.call(["run", "--rm", hako.busybox, "echo", "--rm", "-i", "--"]).text == "--rm -i --")
        }

        @Test func `stdin is passed with -i and is empty without`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let input = Job.Options(input: "typed\n")
            #expect(try hako.run(["-i"], "cat; echo err >&2", input).output == "typed\n")
            #expect(try hako.run([], "cat", input).output.isEmpty)
        }

        @Test func `stdout and stderr are apart, and big outputs are whole`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let outcome = try hako.run([], "echo problem >&2; head -c 3000000 /dev/zero | tr '\\0' x")
            #expect(outcome.errors.contains("problem"))
            #expect(outcome.output.utf8.count == 3_000_000)
        }

        @Test func `environment, working folder, user and host name`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let flags = ["-e", "A=1", "-e", "B", "-w", "/tmp", "-u", "user", "--hostname", "box"]
            let options = Job.Options(environment: ["B": "of the caller", "C": "hidden"])
            let outcome = try hako.run(flags, "echo $A-$B-$C; pwd; id -u; id -g; hostname; echo $HOME", options)
            #expect(outcome.lines == ["1-of the caller-", "/tmp", "1000", "1000", "box", "/home/user"], "\(outcome)")
            #expect(try hako.run(["-u", "12:34"], "id -u; id -g").lines == ["12", "34"])
            let unknown = try hako.run(["-u", "stranger"], "true")
            #expect(unknown.code == 125, "\(unknown)")
            #expect(unknown.errors.contains("stranger"))
        }

        @Test func `volumes are written, and read-only ones are not`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let volume = hako.home + "/volume"
            try FileManager.default.createDirectory(atPath: volume, withIntermediateDirectories: true)
            #expect(try hako.run(["-v", "\(volume):/data"], "echo word >/data/note").code == 0)
            #expect(readText(volume + "/note") == "word\n")
            let refused = try hako.run(["-v", "\(volume):/data:ro"], "cat /data/note; touch /data/other")
            #expect(refused.text == "word")
            #expect(refused.code != 0)
            #expect(refused.errors.lowercased().contains("read-only"), "\(refused)")
        }

        @Test func `a read-only root refuses writes`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let outcome = try hako.run(["--read-only"], "touch /file")
            #expect(outcome.code == 1)
            #expect(outcome.errors.lowercased().contains("read-only file system"), "\(outcome)")
        }

        @Test func `a container's writes are its own`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.run([], "echo changed >/etc/motd; rm /etc/passwd").code == 0)
            #expect(try hako.run([], "cat /etc/motd; ls /etc/passwd").lines == ["second layer", "/etc/passwd"])
        }

        @Test func `without a network there is only the loopback`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let outcome = try hako.run(["--network", "none"], "ls /sys/class/net; ip -o addr show lo")
            #expect(outcome.lines.first == "lo")
            #expect(outcome.output.contains("127.0.0.1"), "\(outcome)")
        }

        @Test func `the host's network is the host's`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let mine = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
            #expect(try hako.run(["--network", "host"], "readlink /proc/self/ns/net").text == mine)
        }

        @Test func `a container is confined by default`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let script =
                "echo $$; grep -E 'CapEff|Seccomp:' /proc/self/status; cat /proc/kcore | wc -c; touch /sys/x; ls /"
            let outcome = try hako.run([], script)
            #expect(outcome.lines.first == "1")
            #expect(outcome.output.contains("CapEff:\t00000000a80425fb"), "\(outcome)")
            #expect(outcome.output.contains("Seccomp:\t2"))
            #expect(outcome.lines.contains("0"), "kcore is masked: \(outcome)")
            #expect(outcome.errors.lowercased().contains("read-only"))
            #expect(!outcome.lines.contains("opt"))
        }
    }

    @Suite(.serialized) struct Limits {
        @Test func `a limit of memory ends the program`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            #expect(try hako.run(["--memory", "16m"], "exec tail /dev/zero").code == 137)
        }

        @Test func `a limit of processes stops a fork`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let outcome = try hako.run(["--pids-limit", "5"], "(for i in 1 2 3 4 5 6 7; do sleep 1 & done) 2>&1; true")
            #expect(outcome.output.lowercased().contains("can't fork"), "\(outcome)")
        }

        @Test func `the limits stand in the cgroup`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let flags = ["--memory", "64m", "--cpus", "0.5", "--pids-limit", "33"]
            let job = try hako.start(["run", "--rm"] + flags + [hako.busybox, "sh", "-c", "echo up; exec sleep 60"])
            #expect(eventually { job.output.contains("up") }, "\(job.errors)")
            #expect(try hako.cgroupFile("memory", v1: "memory.limit_in_bytes", v2: "memory.max") == "67108864")
            #expect(try hako.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "33")
            let quota = try hako.cgroupFile("cpu", v1: "cpu.cfs_quota_us", v2: "cpu.max")
            #expect(quota?.hasPrefix("50000") == true, "\(quota ?? "no file")")
            kill(job.pid, SIGKILL)
            _ = job.wait()
        }

        @Test(arguments: [["--memory", "much"], ["--cpus", "-1"], ["--pids-limit", "x"], ["--network", "moon"]])
        func `a limit that is none is refused`(flags: [String]) throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let outcome = try hako.call(["run", "--rm"] + flags + [hako.busybox, "true"])
            #expect(outcome.code == 125, "\(outcome)")
            #expect(outcome.errors.contains(flags[0].dropFirst(2)), "\(outcome)")
        }
    }

    @Suite(.serialized) struct Signals {
        @Test func `signals reach the program and its code comes back`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let script = "trap 'echo hup' HUP; trap 'echo term; exit 9' TERM; echo up; while :; do sleep 0.02; done"
            let job = try hako.start(["run", "--rm", hako.busybox, "sh", "-c", script])
            #expect(eventually { job.output.contains("up") }, "\(job.errors)")
            kill(job.pid, SIGHUP)
            #expect(eventually { job.output.contains("hup") }, "\(job.output)")
            kill(job.pid, SIGTERM)
            let outcome = job.wait()
            #expect(outcome.code == 9, "\(outcome)")
            #expect(outcome.output.contains("term"))
        }

        @Test func `a terminal has its size, follows it and passes keys`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let terminal = try Terminal()
            terminal.resize(rows: 31, columns: 77)
            let script = "tty; stty size; trap 'stty size' WINCH; echo up; while :; do sleep 0.05; done"
            let options = Job.Options(terminal: terminal.path)
            let job = try hako.start(["run", "--rm", "-it", hako.busybox, "sh", "-c", script], options)
            #expect(terminal.shows("/dev/pts/0"), "\(terminal.text)")
            #expect(terminal.shows("31 77"), "\(terminal.text)")
            #expect(terminal.shows("up"))
            terminal.resize(rows: 44, columns: 99)
            #expect(terminal.shows("44 99"), "\(terminal.text)")
            terminal.type("\u{3}")
            let outcome = job.wait()
            #expect(outcome.code == 130, "\(outcome) \(terminal.text)")
        }

        @Test func `a shell on a terminal is usable`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let terminal = try Terminal()
            let options = Job.Options(terminal: terminal.path)
            let job = try hako.start(["run", "--rm", "-it", hako.busybox], options)
            #expect(terminal.shows("#"), "\(terminal.text)")
            terminal.type("echo $((40+2)); exit 5\n")
            #expect(terminal.shows("42"), "\(terminal.text)")
            #expect(job.wait().code == 5)
        }

        @Test func `a terminal is refused where there is none`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let outcome = try hako.call(["run", "--rm", "-it", hako.busybox, "true"])
            #expect(outcome.code != 0)
            #expect(outcome.errors.lowercased().contains("tty") || outcome.errors.lowercased().contains("terminal"))
        }
    }

    @Suite(.serialized) struct Keeping {
        @Test func `a container without --rm is kept, shown and removed`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let flags = ["run", "--name", hako.name]
            #expect(try hako.call(flags + [hako.busybox, "sh", "-c", "exit 3"]).code == 3)
            #expect(try hako.call(["ps"]).output.contains(hako.name) == false)
            let all = try hako.call(["ps", "--all"])
            #expect(all.output.contains(hako.name), "\(all)")
            #expect(all.output.contains("3"), "\(all)")
            let again = try hako.call(flags + [hako.busybox, "true"])
            #expect(again.code == 125, "\(again)")
            #expect(again.errors.contains(hako.name))
            #expect(try hako.call(["rm", hako.name]).code == 0)
            #expect(try hako.call(["ps", "--all"]).output.contains(hako.name) == false)
            #expect(try hako.call(["rm", hako.name]).code != 0)
        }

        @Test func `a running container is not removed without force`() throws {
            let hako = try HakoFixture()
            defer { hako.finish() }
            let command = ["sh", "-c", "echo up; exec sleep 60"]
            let job = try hako.start(["run", "--name", hako.name, hako.busybox] + command)
            #expect(eventually { job.output.contains("up") }, "\(job.errors)")
            #expect(try hako.call(["ps"]).output.contains(hako.name))
            #expect(try hako.call(["rm", hako.name]).code != 0)
            #expect(try hako.call(["rm", "--force", hako.name]).code == 0)
            #expect(job.wait().code == 137)
        }
    }
}
