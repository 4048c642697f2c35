import Foundation
import Testing

extension Machine {
    /// systemd is the first process, so that there can be scopes.
    static let hasSystemd = FileManager.default.fileExists(atPath: "/run/systemd/system")
}

extension Integration.NativeRuntime {
    /// Containers that are scopes of systemd's. `dev/test-vm -i BIN Systemd` runs these in a machine that has it.
    @Suite(.serialized, .enabled(if: Machine.hasSystemd, "needs systemd as the first process (dev/test-vm -i)"))
    struct Systemd {
        private func container(_ script: String = "sleep 60", slice: String = "system.slice") throws -> RuntimeFixture {
            let container = try RuntimeFixture(script)
            container.config["linux"]["cgroupsPath"] = .string("\(slice):t:\(container.id)")
            return container
        }

        private func unit(_ container: RuntimeFixture) -> String { "t-\(container.id).scope" }

        private func create(_ container: RuntimeFixture, at location: SourceLocation = #_sourceLocation) throws -> Job {
            try container.bundle.write()
            let job = try container.start(
                ["--systemd-cgroup", "create", "--bundle", container.bundle.folder, container.id])
            let outcome = job.wait(timeout: 60)
            try #require(outcome.code == 0, "create: \(outcome)", sourceLocation: location)
            return job
        }

        private func running(_ container: RuntimeFixture, _ body: () throws -> Void) throws {
            defer { container.finish() }
            let job = try create(container)
            let outcome = try container.call(["start", container.id])
            #expect(outcome.code == 0, "start: \(outcome)")
            try body()
            _ = job
        }

        /// What `systemctl show` says of a property.
        private func property(_ name: String, _ container: RuntimeFixture) throws -> String {
            try run(["systemctl", "show", "--value", "--property", name, unit(container)]).text
        }

        private func file(_ name: String, _ container: RuntimeFixture) throws -> String? {
            try container.cgroupFile("memory", v1: name, v2: name)
        }

        @Test func `a container is a scope in its slice until it is deleted`() throws {
            let container = try container(slice: "hakotest-a_b.slice")
            try running(container) { () throws in
                let pid = try #require(try container.stateDocument()["pid"].number)
                let path = "/hakotest.slice/hakotest-a_b.slice/\(unit(container))"
                #expect(readText("/proc/\(pid)/cgroup")?.contains(path) == true)
                #expect(try property("ActiveState", container) == "active")
                #expect(try property("Slice", container) == "hakotest-a_b.slice")
                #expect(try property("Delegate", container) == "yes")
                #expect(try property("Description", container) == "hako container \(container.id)")
                // Nobody but the container's processes is left in it.
                #expect(try file("cgroup.procs", container) == "\(pid)")
                // No later verb needs the option.
                #expect(try container.call(["pause", container.id]).code == 0)
                #expect(container.status == "paused")
                #expect(try container.call(["resume", container.id]).code == 0)
                let inside = try container.call(["exec", container.id, "cat", "/proc/self/cgroup"])
                #expect(inside.text == "0::/" || inside.text.contains(":/"), "\(inside)")
                #expect(try container.call(["events", "--stats", container.id]).code == 0)
                #expect(try container.call(["kill", "--all", container.id, "KILL"]).code == 0)
                #expect(eventually { container.status == "stopped" })
                #expect(try container.call(["delete", container.id]).code == 0)
                #expect(try property("LoadState", container) == "not-found")
            }
        }

        @Test func `without a path the scope is named after the container`() throws {
            let container = try RuntimeFixture("cat /proc/self/cgroup; true")
            defer { container.finish() }
            container.config["linux"]["cgroupsPath"] = .null
            container.config["linux"]["namespaces"] = .array(
                container.config["linux"]["namespaces"].elements.filter { $0["type"] != "cgroup" })
            try container.bundle.write()
            let outcome = try container.call(
                ["--systemd-cgroup", "run", "--bundle", container.bundle.folder, container.id])
            #expect(outcome.output.contains("/system.slice/hako-\(container.id).scope"), "\(outcome)")
        }

        @Test func `limits are systemd's and the files'`() throws {
            let container = try container()
            container.config["linux"]["resources"] = [
                "memory": ["limit": 67_108_864, "reservation": 33_554_432],
                "cpu": ["shares": 1024, "quota": 33_333, "period": 100_000, "cpus": "0"], "pids": ["limit": 40],
            ]
            try running(container) { () throws in
                #expect(try property("MemoryMax", container) == "67108864")
                #expect(try property("MemoryLow", container) == "33554432")
                #expect(try property("CPUWeight", container) == "100")
                #expect(try property("CPUQuotaPerSecUSec", container) == "340ms")
                #expect(try property("AllowedCPUs", container) == "0")
                #expect(try property("TasksMax", container) == "40")
                let files = ["memory.max", "memory.low", "cpu.weight", "cpu.max", "cpuset.cpus", "pids.max"]
                let values = try files.map { try file($0, container) }
                #expect(values == ["67108864", "33554432", "100", "34000 100000", "0", "40"])
                // What systemd writes when it reads its configuration again is what stands there.
                #expect(try run(["systemctl", "daemon-reload"]).code == 0)
                #expect(try files.map { try file($0, container) } == values)
            }
        }

        @Test func `a limit of one task holds`() throws {
            let container = try container()
            container.config["linux"]["resources"] = ["pids": ["limit": 1]]
            container.config["process"]["args"] = ["/bin/sleep", "60"]
            try running(container) { () throws in
                #expect(try property("TasksMax", container) == "1")
                #expect(try file("pids.max", container) == "1")
            }
        }

        @Test func `updates reach both, and a refused one neither`() throws {
            let container = try container()
            container.config["linux"]["resources"] = ["memory": ["limit": 67_108_864]]
            try running(container) { () throws in
                let outcome = try container.call(
                    ["update", "--memory", "50331648", "--pids-limit", "30", "--cpu-quota", "50000", container.id])
                #expect(outcome.code == 0, "\(outcome)")
                #expect(try property("MemoryMax", container) == "50331648")
                #expect(try property("TasksMax", container) == "30")
                #expect(try property("CPUQuotaPerSecUSec", container) == "500ms")
                #expect(try file("memory.max", container) == "50331648")
                #expect(try file("pids.max", container) == "30")
                let refused = try container.call([
                    "update", "--pids-limit", "20", "--cpuset-cpus", "4000", container.id,
                ])
                #expect(refused.code != 0)
                #expect(try property("TasksMax", container) == "30")
                #expect(try file("pids.max", container) == "30")
            }
        }

        @Test func `devices are filtered by both`() throws {
            let container = try container()
            container.config["linux"]["resources"] = ["devices": [["allow": false, "access": "rwm"]]]
            try running(container) { () throws in
                #expect(try property("DevicePolicy", container) == "strict")
                #expect(try property("DeviceAllow", container).contains("/dev/char/1:3 rwm"))
                let script = "echo x >/dev/null && echo null; mknod /dev/kmsg2 c 1 11; cat /dev/kmsg2 2>&1 | head -c 99"
                let inside = try container.call(["exec", "--cap", "CAP_MKNOD", container.id, "sh", "-c", script])
                #expect(inside.output.contains("null\n") && inside.output.contains("not permitted"), "\(inside)")
            }
        }

        @Test func `annotations become properties`() throws {
            let container = try container()
            container.config["annotations"] = [
                "org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.Documentation": "['man:true(1)']",
            ]
            try running(container) { () throws in
                #expect(try property("TimeoutStopUSec", container) == "7s")
                #expect(try property("Documentation", container).contains("man:true(1)"))
            }
        }

        @Test(
            arguments: [
                ("system.slice:t:x", ["org.systemd.property.Slice": "'-.slice'"], "set by the runtime alone"),
                ("system.slice:t:x", ["org.systemd.property.Bogus": "true"], "Bogus"),
                ("system.slice:t:x", ["org.systemd.property.TimeoutStopSec": "soon"], "annotations"),
                ("/a/b", [:], "SLICE:PREFIX:NAME"), ("a/b.slice:t:x", [:], "no name of a slice"),
            ] as [(String, [String: Document], String)])
        func `what systemd can't be asked is refused`(path: String, annotations: [String: Document], why: String) throws
        {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["cgroupsPath"] = .string(
                path.replacingOccurrences(of: ":x", with: ":\(container.id)"))
            container.config["annotations"] = .object(annotations)
            try container.bundle.write()
            let outcome = try container.call(
                ["--systemd-cgroup", "create", "--bundle", container.bundle.folder, container.id])
            #expect(outcome.code == 1 && outcome.errors.contains(why), "\(outcome)")
            #expect(try property("LoadState", container) == "not-found")
        }

        @Test func `a scope of the name that is active is left alone`() throws {
            let container = try container()
            try running(container) { () throws in
                let other = try RuntimeFixture("true")
                defer { other.finish() }
                other.config["linux"]["cgroupsPath"] = container.config["linux"]["cgroupsPath"]
                try other.bundle.write()
                let outcome = try other.call(["--systemd-cgroup", "create", "--bundle", other.bundle.folder, other.id])
                #expect(outcome.code == 1 && outcome.errors.contains("choose another container ID"), "\(outcome)")
                #expect(try property("ActiveState", container) == "active")
                #expect(container.status == "running")
            }
        }

        @Test func `the scope goes with a program that fails to start`() throws {
            let container = try container()
            defer { container.finish() }
            container.config["process"]["cwd"] = "/bin/busybox"
            try container.bundle.write()
            let outcome = try container.call(
                ["--systemd-cgroup", "create", "--bundle", container.bundle.folder, container.id])
            #expect(outcome.code == 1, "\(outcome)")
            #expect(eventually { (try? property("LoadState", container)) == "not-found" })
        }
    }

    @Suite(.enabled(if: !Machine.hasSystemd && Machine.runtimeIsOurs, "needs a machine without systemd"))
    struct WithoutSystemd {
        @Test func `asking for systemd says that it is not there`() throws {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["cgroupsPath"] = .string("system.slice:t:\(container.id)")
            try container.bundle.write()
            let outcome = try container.call(
                ["--systemd-cgroup", "create", "--bundle", container.bundle.folder, container.id])
            #expect(outcome.code == 1 && outcome.errors.contains("systemd does not run here"), "\(outcome)")
        }
    }
}
