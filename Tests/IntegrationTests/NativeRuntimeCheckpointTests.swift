import Foundation
import Testing

extension Integration.NativeRuntime {
    /// checkpoint and restore through a real criu, of a program that counts.
    @Suite(.serialized, .enabled(if: Machine.canCheckpoint, Machine.needsCriu)) struct Checkpoints {
        /// Counts into a file of its root, a line a step; SIGTERM ends it with code 7.
        private static let counter = """
            trap 'exit 7' TERM; i=0; while :; do i=$((i+1)); echo $i $$ >> /tmp/count; sleep 0.02; done
            """

        private func counting(_ change: (inout Document) -> Void = { _ in }) throws -> RuntimeFixture {
            let container = try RuntimeFixture(Self.counter)
            change(&container.config)
            _ = try container.startContainer()
            #expect(eventually { count(container) > 3 })
            return container
        }

        /// How far it has counted; 0 where it has begun anew or left out a number.
        private func count(_ container: RuntimeFixture) -> Int {
            let lines = readTrimmed(container.bundle.rootfs + "/tmp/count")?.split(separator: "\n") ?? []
            let isWhole = lines.enumerated().allSatisfy { $1 == "\($0 + 1) 1" }
            return isWhole ? lines.count : 0
        }

        private func call(_ container: RuntimeFixture, _ arguments: [String]) throws -> Outcome {
            try container.start(arguments, Machine.withCriu).wait(timeout: 60)
        }

        private func checkpoint(_ container: RuntimeFixture, _ options: [String] = []) throws {
            let folders = ["--image-path", container.bundle.folder + "/images"]
            let outcome = try call(container, ["checkpoint"] + folders + options + [container.id])
            try #require(outcome.code == 0, "checkpoint: \(outcome)")
        }

        private func restore(_ container: RuntimeFixture, _ options: [String] = ["--detach"]) throws {
            let folders = ["--bundle", container.bundle.folder, "--image-path", container.bundle.folder + "/images"]
            let outcome = try call(container, ["restore"] + folders + options + [container.id])
            try #require(outcome.code == 0, "restore: \(outcome)")
        }

        @Test func `a counter goes on where it was`() throws {
            let container = try counting()
            defer { container.finish() }
            try checkpoint(container)
            #expect(try container.call(["state", container.id]).code == 1, "the container is gone")
            let before = count(container)
            #expect(before > 3)
            usleep(100_000)
            #expect(count(container) == before)
            let pidFile = container.bundle.folder + "/pid"
            try restore(container, ["--detach", "--pid-file", pidFile])
            #expect(container.status == "running")
            #expect(try container.stateDocument()["pid"].number.map(String.init) == readTrimmed(pidFile))
            #expect(eventually { count(container) > before + 5 })
            // The restored container is as good as a new one.
            let inside = try container.call([
                "exec", container.id, "sh", "-c", "hostname; tail -n 1 /proc/1/cgroup; id -u",
            ])
            #expect(inside.lines.first == "box" && inside.lines.last == "0", "\(inside)")
            #expect(try container.cgroupFile("pids", v1: "cgroup.procs", v2: "cgroup.procs")?.isEmpty == false)
            #expect(try container.call(["kill", container.id, "TERM"]).code == 0)
            #expect(eventually { container.status == "stopped" })
        }

        @Test func `restore in the foreground ends with the program's exit code`() throws {
            let container = try counting()
            defer { container.finish() }
            try checkpoint(container)
            let before = count(container)
            let folders = ["--bundle", container.bundle.folder, "--image-path", container.bundle.folder + "/images"]
            let job = try container.start(["restore"] + folders + [container.id], Machine.withCriu)
            #expect(eventually { count(container) > before }, "\(job.errors)")
            #expect(try container.call(["kill", container.id, "TERM"]).code == 0)
            let outcome = job.wait()
            #expect(outcome.code == 7, "\(outcome)")
            #expect(try container.call(["state", container.id]).code == 1, "deleted with its end")
        }

        @Test func `a container that is left running can be restored later`() throws {
            let container = try counting()
            defer { container.finish() }
            try checkpoint(container, ["--leave-running"])
            #expect(container.status == "running")
            let before = count(container)
            #expect(eventually { count(container) > before })
            #expect(try container.call(["delete", "--force", container.id]).code == 0)
            try FileManager.default.removeItem(atPath: container.bundle.rootfs + "/tmp/count")
            // criu wants the files as they were when they are open, and the counter keeps none open.
            try restore(container)
            #expect(eventually { readText(container.bundle.rootfs + "/tmp/count")?.isEmpty == false })
        }

        @Test(.enabled(if: Machine.tracksMemory, "this kernel does not track memory for criu (CONFIG_MEM_SOFT_DIRTY)"))
        func `a pre-dump is the parent of a checkpoint`() throws {
            let container = try counting()
            defer { container.finish() }
            let first = container.bundle.folder + "/first"
            #expect(try call(container, ["checkpoint", "--pre-dump", "--image-path", first, container.id]).code == 0)
            #expect(container.status == "running")
            try checkpoint(container, ["--parent-path", "../first"])
            let before = count(container)
            try restore(container)
            #expect(eventually { count(container) > before })
        }

        @Test func `bind mounts come back from the host`() throws {
            let folder = try makeTemporaryFolder("bound")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try "one\n".write(toFile: folder + "/file", atomically: false, encoding: .utf8)
            let container = try counting { config in
                config["mounts"].elements += [
                    ["destination": "/mnt/folder", "type": "bind", "source": .string(folder), "options": ["rbind"]],
                    [
                        "destination": "/mnt/file", "type": "bind", "source": .string(folder + "/file"),
                        "options": ["bind", "ro"],
                    ],
                ]
            }
            defer { container.finish() }
            try checkpoint(container)
            try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/file")).write(contentsOf: Data("two\n".utf8))
            try restore(container)
            let script = "cat /mnt/file /mnt/folder/file; touch /mnt/folder/new; touch /mnt/file || echo read-only"
            let outcome = try container.call(["exec", container.id, "sh", "-c", script])
            #expect(outcome.lines == ["two", "two", "read-only"], "\(outcome)")
            #expect(FileManager.default.fileExists(atPath: folder + "/new"))
        }

        @Test(arguments: [true, false])
        func `cgroup mounts come back, those of the host's too`(hasNamespace: Bool) throws {
            let container = try counting { config in
                config["mounts"].elements.append(
                    ["destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]])
                if !hasNamespace {
                    config["linux"]["namespaces"].elements.removeAll { $0["type"] == "cgroup" }
                }
            }
            defer { container.finish() }
            let script = "cat /proc/mounts | cut -d' ' -f2,3 | grep cgroup | sort; cat /proc/1/cgroup"
            let before = try container.call(["exec", container.id, "sh", "-c", script]).lines
            #expect(before.count > 1)
            try checkpoint(container)
            try restore(container)
            #expect(try container.call(["exec", container.id, "sh", "-c", script]).lines == before)
        }

        @Test func `a restored terminal comes over the console socket`() throws {
            let container = try RuntimeFixture("while read word; do echo \"got <$word>\"; done")
            defer { container.finish() }
            container.config["process"]["terminal"] = true
            let socket = try ConsoleSocket(in: container.bundle.folder)
            _ = try container.create(["--console-socket", socket.path])
            let first = try socket.receive()
            #expect(try container.call(["start", container.id]).code == 0)
            first.type("one\n")
            #expect(first.shows("got <one>"), "\(first.text)")
            try checkpoint(container)
            try restore(container, ["--detach", "--console-socket", socket.path])
            let second = try socket.receive()
            second.type("two\n")
            #expect(second.shows("got <two>"), "\(second.text)")
        }

        @Test func `hooks run when a container is restored`() throws {
            let container = try counting()
            defer { container.finish() }
            try checkpoint(container)
            let seen = container.bundle.folder + "/seen"
            container.config["hooks"]["createRuntime"] = [
                [
                    "path": "/bin/sh",
                    "args": ["sh", "-c", .string("readlink /proc/self/ns/mnt > \(seen); cat >> \(seen)")],
                ]
            ]
            try container.bundle.write()
            try restore(container)
            let text = try #require(readText(seen))
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/mnt")
            #expect(text.hasPrefix(own), "a hook runs among the host's mounts: \(text)")
            #expect(text.contains("\"id\":\"\(container.id)\""))
        }

        @Test func `what can't be restored is an error and leaves nothing`() throws {
            let container = try counting()
            defer { container.finish() }
            let folders = ["--bundle", container.bundle.folder, "--image-path", container.bundle.folder + "/images"]
            let taken = try call(container, ["restore"] + folders + ["--detach", container.id])
            #expect(taken.code == 1, "the id is in use: \(taken)")
            try checkpoint(container)
            try FileManager.default.removeItem(atPath: container.bundle.folder + "/images/inventory.img")
            let broken = try call(container, ["restore"] + folders + ["--detach", container.id])
            #expect(broken.code == 1 && broken.errors.contains("criu failed"), "\(broken)")
            #expect(try container.call(["state", container.id]).code == 1)
        }
    }

    /// What needs no criu that works.
    @Suite(.serialized) struct CheckpointErrors {
        @Test func `only a running container can be checkpointed`() throws {
            let container = try RuntimeFixture("sleep 600")
            defer { container.finish() }
            _ = try container.create()
            let outcome = try container.call(["checkpoint", container.id])
            #expect(
                outcome.code == 1 && outcome.errors.contains("cannot be checkpointed in created state"), "\(outcome)")
        }

        @Test func `a missing criu and wrong options are told`() throws {
            let container = try RuntimeFixture("sleep 600")
            defer { container.finish() }
            _ = try container.startContainer()
            let without = Job.Options(environment: ["PATH": container.bundle.folder])
            let outcome = try container.start(["checkpoint", container.id], without).wait()
            #expect(outcome.code == 1 && outcome.errors.contains("criu"), "\(outcome)")
            for options in [["--manage-cgroups-mode", "odd"], ["--empty-ns", "odd"], ["--page-server", "odd"]] {
                let outcome = try container.call(["checkpoint"] + options + [container.id])
                #expect(outcome.code == 1 && outcome.errors.contains(options[0].dropFirst(2)), "\(outcome)")
            }
            #expect(container.status == "running")
        }
    }
}

extension Machine {
    static let needsCriu: Comment =
        "`criu check` fails here: install a criu that fits the kernel, or name its folder by HAKO_TEST_CRIU"

    /// Debian 12's criu fails on kernels from 6.16 on; `HAKO_TEST_CRIU` is the folder of another one.
    static let withCriu: Job.Options = {
        let usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        guard let folder = ProcessInfo.processInfo.environment["HAKO_TEST_CRIU"] else { return Job.Options() }
        return Job.Options(environment: ["PATH": folder + ":" + usual])
    }()

    static let canCheckpoint = isRoot && asksCriu(["check"])
    static let tracksMemory = canCheckpoint && asksCriu(["check", "--feature", "mem_dirty_track"])

    private static func asksCriu(_ arguments: [String]) -> Bool {
        (try? run(["sh", "-c", "exec criu \"$@\"", "sh"] + arguments, withCriu))?.code == 0
    }
}
