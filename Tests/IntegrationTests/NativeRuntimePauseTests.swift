import Foundation
import Testing

extension Integration.NativeRuntime {
    @Suite(.serialized) struct Pausing {
        /// A container that counts in a file of its rootfs.
        private func counting(_ body: (RuntimeFixture, () -> Int) throws -> Void) throws {
            let container = try RuntimeFixture("i=0; while :; do i=$((i+1)); echo $i > /count; sleep 0.01; done")
            defer { container.finish() }
            _ = try container.startContainer()
            let file = container.bundle.rootfs + "/count"
            #expect(eventually { Int(readTrimmed(file) ?? "") ?? 0 > 0 })
            try body(container) { Int(readTrimmed(file) ?? "") ?? -1 }
        }

        @Test(.requirement("runtime.state.status.other"))
        func `a paused container stands still and a resumed one goes on`() throws {
            try counting { container, count throws in
                #expect(try container.call(["pause", container.id]).code == 0)
                #expect(container.status == "paused")
                let before = count()
                usleep(200_000)
                #expect(count() == before)
                #expect(try container.call(["resume", container.id]).code == 0)
                #expect(container.status == "running")
                #expect(eventually { count() > before })
            }
        }

        @Test func `what does not fit the state is refused`() throws {
            try counting { container, _ throws in
                let resumed = try container.call(["resume", container.id])
                #expect(resumed.code != 0 && resumed.errors.contains("container not paused"), "\(resumed)")
                #expect(try container.call(["pause", container.id]).code == 0)
                let paused = try container.call(["pause", container.id])
                #expect(paused.code != 0 && paused.errors.contains("container not running"), "\(paused)")
                #expect(try container.call(["delete", container.id]).code != 0)
                #expect(container.status == "paused")
            }
        }

        @Test func `a created container is paused, can't be started, and is resumed`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.create()
            #expect(try container.call(["pause", container.id]).code == 0)
            #expect(container.status == "paused")
            #expect(try container.call(["start", container.id]).code != 0)
            #expect(try container.call(["resume", container.id]).code == 0)
            #expect(container.status == "created")
            #expect(try container.call(["start", container.id]).code == 0)
        }

        @Test(.enabled(if: Machine.canFreeze), arguments: ["create", "run"])
        func `a cgroup that is frozen already is refused, and stays`(verb: String) throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            let hierarchy = Machine.hasOnlyCgroup2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/freezer"
            let group = "\(hierarchy)/\(container.id)"
            try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: false)
            defer { rmdir(group) }
            let file = Machine.hasOnlyCgroup2 ? "cgroup.freeze" : "freezer.state"
            try (Machine.hasOnlyCgroup2 ? "1" : "FROZEN").write(
                toFile: "\(group)/\(file)", atomically: false, encoding: .utf8)
            try container.bundle.write()
            let outcome = try container.call([verb, container.id], timeout: 10)
            #expect(outcome.code == 1 && outcome.errors.contains("frozen"), "\(outcome)")
            #expect(FileManager.default.fileExists(atPath: group))
        }

        @Test func `SIGKILL ends a paused container`() throws {
            try counting { container, _ throws in
                #expect(try container.call(["pause", container.id]).code == 0)
                #expect(try container.call(["kill", container.id, "KILL"]).code == 0)
                #expect(eventually { container.status == "stopped" })
                #expect(try container.call(["delete", container.id]).code == 0)
            }
        }

        @Test func `kill --all ends a paused container`() throws {
            try counting { container, _ throws in
                #expect(try container.call(["pause", container.id]).code == 0)
                #expect(try container.call(["kill", "--all", container.id, "9"]).code == 0)
                #expect(eventually { container.status == "stopped" })
            }
        }

        @Test func `delete --force removes a paused container`() throws {
            try counting { container, _ throws in
                #expect(try container.call(["pause", container.id]).code == 0)
                #expect(try container.call(["delete", "--force", container.id]).code == 0)
                #expect(try container.call(["state", container.id]).code != 0)
            }
        }

        @Test func `another signal waits until the container goes on`() throws {
            let container = try RuntimeFixture("trap 'exit 0' TERM; echo ready; while :; do sleep 0.02; done")
            defer { container.finish() }
            let job = try container.startContainer()
            #expect(eventually { job.output.contains("ready") })
            #expect(try container.call(["pause", container.id]).code == 0)
            #expect(try container.call(["kill", container.id, "TERM"]).code == 0)
            #expect(container.status == "paused")
            #expect(try container.call(["resume", container.id]).code == 0)
            #expect(eventually { container.status == "stopped" })
        }

        @Test func `a stopped container is neither paused nor resumed`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            _ = try container.startContainer()
            #expect(eventually { container.status == "stopped" })
            #expect(try container.call(["pause", container.id]).code != 0)
            #expect(try container.call(["resume", container.id]).code != 0)
        }
    }
}
