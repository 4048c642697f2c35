import Foundation
import Testing

extension Integration.Hakod {
    @Suite(.serialized) struct Containers {
        @Test func `run shows the output and gives the exit code`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            let outcome = try hakod.run(["--rm"], "echo out; echo err >&2; exit 42")
            #expect(outcome.code == 42, "\(outcome)")
            #expect(outcome.output == "out\n")
            #expect(outcome.errors == "err\n")
            #expect(try hakod.docker(["ps", "--all", "--quiet"]).text.isEmpty)
            let input = try hakod.run(["--rm", "-i"], "cat", input: "typed\n")
            #expect(input.output == "typed\n", "\(input)")
            let big = try hakod.run(["--rm"], "head -c 3000000 /dev/zero | tr '\\0' x")
            #expect(big.output.utf8.count == 3_000_000)
        }

        @Test func `what can't be run gives 125, 126 or 127`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            let base = ["run", "--rm", "--network", "none"]
            #expect(try hakod.docker(base + [hakod.busybox, "/not/there"]).code == 127)
            #expect(try hakod.docker(base + [hakod.busybox, "/etc/passwd"]).code == 126)
            let unknown = try hakod.docker(base + [hakod.images.registry + "/unknown", "true"])
            #expect(unknown.code == 125, "\(unknown)")
            let bridged = try hakod.docker(["run", "--rm", hakod.busybox, "true"])
            #expect(bridged.code == 125)
            #expect(bridged.errors.contains("--network none"), "\(bridged)")
            #expect(try hakod.docker(["ps", "--all", "--quiet"]).text.isEmpty)
        }

        @Test func `a detached container is listed, executed in, logged, stopped and removed`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            let id = try hakod.run(["-d", "--name", "box"], "echo out; echo err >&2; exec sleep 1000").text
            #expect(id.utf8.count == 64)
            let listed = try hakod.docker(["ps", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}"])
            #expect(listed.text == "\(id) box running")
            #expect(try hakod.docker(["exec", "box", "echo", "inside"]).output == "inside\n")
            #expect(try hakod.docker(["exec", "-i", "box", "cat"], input: "in\n").output == "in\n")
            #expect(try hakod.docker(["exec", "box", "sh", "-c", "exit 7"]).code == 7)
            #expect(try hakod.docker(["exec", "box", "not-there"]).code == 127)
            #expect(
                try hakod.docker([
                    "exec", "-u", "12:34", "-e", "A=1", "-w", "/tmp", "box", "sh", "-c", "id -u; echo $A; pwd",
                ]).lines == ["12", "1", "/tmp"])
            let logs = try hakod.docker(["logs", "box"])
            #expect(logs.output == "out\n")
            #expect(logs.errors == "err\n")
            #expect(try hakod.docker(["rm", "box"]).errors.contains("container is running"))
            #expect(try hakod.docker(["stop", "-t", "0", "box"]).code == 0)
            let state = try hakod.docker([
                "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{.State.Running}}", "box",
            ])
            #expect(state.text == "exited 137 false")
            #expect(try hakod.docker(["logs", "box"]).output == "out\n")
            #expect(try hakod.docker(["rm", "box"]).code == 0)
            #expect(try hakod.docker(["inspect", "box"]).code == 1)
        }

        @Test func `logs are followed to the end, and cut at the tail`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            _ = try hakod.run(["-d", "--name", "box"], "for i in 1 2 3 4 5; do echo $i; sleep 0.2; done")
            let followed = try hakod.docker(["logs", "--follow", "box"])
            #expect(followed.lines == ["1", "2", "3", "4", "5"], "\(followed)")
            #expect(try hakod.docker(["logs", "--tail", "2", "box"]).lines == ["4", "5"])
            let timed = try hakod.docker(["logs", "--timestamps", "--tail", "1", "box"])
            #expect(timed.text.hasSuffix("Z 5"), "\(timed)")
            #expect(try hakod.docker(["wait", "box"]).text == "0")
        }

        @Test func `a name is taken once, given again by rename, and free after rm`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            #expect(
                try hakod.docker(["create", "--name", "box", "--network", "none", hakod.busybox, "true"]).code == 0)
            let second = try hakod.docker(["create", "--name", "box", "--network", "none", hakod.busybox, "true"])
            #expect(second.errors.contains("is already in use by container"), "\(second)")
            #expect(try hakod.docker(["rename", "box", "other"]).code == 0)
            #expect(try hakod.docker(["start", "--attach", "other"]).code == 0)
            #expect(try hakod.docker(["rm", "other"]).code == 0)
            #expect(
                try hakod.docker(["create", "--name", "other", "--network", "none", hakod.busybox, "true"]).code == 0)
        }

        @Test func `a paused container stands still and can be removed by force`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            _ = try hakod.run(["-d", "--name", "box"], "exec sleep 1000")
            #expect(try hakod.docker(["pause", "box"]).code == 0)
            #expect(try hakod.docker(["ps", "--format", "{{.State}}"]).text == "paused")
            #expect(try hakod.docker(["exec", "box", "true"]).errors.contains("paused"))
            #expect(try hakod.docker(["unpause", "box"]).code == 0)
            #expect(try hakod.docker(["exec", "box", "true"]).code == 0)
            #expect(try hakod.docker(["pause", "box"]).code == 0)
            #expect(try hakod.docker(["rm", "--force", "box"]).code == 0)
        }

        @Test func `restart policies start again what failed, so often as they say`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            _ = try hakod.run(["-d", "--name", "box", "--restart", "on-failure:2"], "echo run; exit 3")
            let format = "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}"
            #expect(
                eventually(within: 15) { (try? hakod.docker(["inspect", "-f", format, "box"]).text) == "2 exited 3" })
            #expect(try hakod.docker(["logs", "box"]).lines == ["run", "run", "run"])
        }

        @Test func `volumes keep what was written, and anonymous ones go with rm -v`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            #expect(try hakod.run(["--rm", "-v", "kept:/data"], "echo word >/data/note").code == 0)
            #expect(try hakod.run(["--rm", "-v", "kept:/data:ro"], "cat /data/note; touch /data/x").text == "word")
            #expect(try hakod.run(["--rm", "-v", "/anonymous"], "touch /anonymous/x").code == 0)
            #expect(try hakod.docker(["volume", "ls", "--quiet"]).text == "kept")
            #expect(try hakod.docker(["volume", "rm", "kept"]).code == 0)
        }
    }

    @Suite(.serialized) struct Daemon {
        @Test func `containers run on while the daemon is killed, and their ends are told afterwards`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            _ = try hakod.run(["-d", "--name", "stays"], "echo before; sleep 2; echo after; exec sleep 1000")
            _ = try hakod.run(["-d", "--name", "ends"], "sleep 1; exit 5")
            _ = try hakod.run(["-d", "--rm", "--name", "goes"], "sleep 1")
            let pid = try hakod.docker(["inspect", "-f", "{{.State.Pid}}", "stays"]).text
            #expect(hakod.end(SIGKILL).code == 137)
            usleep(2_500_000)
            try hakod.start()
            #expect(
                try hakod.docker(["inspect", "-f", "{{.State.Pid}} {{.State.Running}}", "stays"]).text == "\(pid) true")
            #expect(try hakod.docker(["wait", "ends"]).text == "5")
            #expect(try hakod.docker(["inspect", "goes"]).code == 1)
            #expect(try hakod.docker(["logs", "stays"]).lines == ["before", "after"])
            #expect(try hakod.docker(["exec", "stays", "echo", "here"]).output == "here\n")
            #expect(try hakod.docker(["stop", "-t", "0", "stays"]).code == 0)
        }

        @Test func `one daemon at a time has a folder`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            let second = try run(
                [
                    Machine.hakod, "--data-root", hakod.home + "/data", "--state", hakod.home + "/other", "-H",
                    "unix://\(hakod.home)/second.sock",
                ])
            #expect(second.code == 1)
            #expect(second.errors.contains("another daemon has this folder"), "\(second)")
        }

        @Test func `images are pulled, listed, named, saved, loaded and removed`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            let list = ["images", "--format", "{{.Repository}}:{{.Tag}}"]
            #expect(try hakod.docker(list).text == hakod.busybox + ":latest")
            #expect(try hakod.docker(["tag", hakod.busybox, "mine:1"]).code == 0)
            #expect(Set(try hakod.docker(list).lines) == [hakod.busybox + ":latest", "mine:1"])
            #expect(try hakod.docker(["rmi", "--no-such-flag"]).code != 0)
            let archive = hakod.home + "/image.tar"
            #expect(try hakod.docker(["save", "-o", archive, "mine:1"]).code == 0)
            #expect(try hakod.docker(["rmi", "mine:1", hakod.busybox]).code == 0)
            #expect(try hakod.docker(list).text.isEmpty)
            #expect(try hakod.docker(["load", "-i", archive]).text == "Loaded image: mine:1")
            #expect(try hakod.docker(["run", "--rm", "--network", "none", "mine:1", "echo", "hi"]).output == "hi\n")
            #expect(try hakod.docker(["history", "--quiet", "mine:1"]).lines.count == 2)
            #expect(try hakod.docker(["pull", hakod.images.registry + "/unknown"]).code == 1)
        }

        @Test func `a context is built into an image, and a failing step tells why`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            let context = hakod.home + "/context"
            try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
            func build(_ step: String) throws -> Outcome {
                let text = "FROM \(hakod.busybox)\nARG WORD=none\n\(step)\nCMD [\"cat\", \"/word\"]\n"
                try text.write(toFile: context + "/Dockerfile", atomically: true, encoding: .utf8)
                return try hakod.docker(["build", "--tag", "built:1", "--build-arg", "WORD=given", context])
            }
            let built = try build("RUN echo $WORD >/word")
            #expect(built.output.contains("Successfully tagged built:1"), "\(built)")
            #expect(try hakod.docker(["run", "--rm", "--network", "none", "built:1"]).output == "given\n")
            let failed = try build("RUN exit 9")
            #expect(failed.code != 0)
            #expect(failed.errors.contains("9"), "\(failed)")
        }

        @Test func `version, info and events are told`() throws {
            let hakod = try HakodFixture()
            defer { hakod.finish() }
            #expect(
                try hakod.docker(["version", "-f", "{{.Server.APIVersion}} {{.Server.MinAPIVersion}}"]).text
                    == "1.51 1.24")
            #expect(try hakod.docker(["info", "-f", "{{.Images}} {{.DefaultRuntime}}"]).text == "1 hako-native")
            #expect(try hakod.run(["--rm", "--name", "box"], "exit 3").code == 3)
            // The client's instants are whole seconds.
            usleep(1_100_000)
            let events = try hakod.docker([
                "events", "--since", "1m", "--until", "0s", "--filter", "container=box", "--format", "{{.Action}}",
            ])
            #expect(events.lines == ["create", "start", "die", "destroy"], "\(events)")
        }
    }
}
