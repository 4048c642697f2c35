import Foundation
import Testing

extension Integration.NativeRuntime {
    @Suite(.serialized) struct Updating {
        private func running(_ resources: Document = [:], _ body: (RuntimeFixture) throws -> Void) throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            container.config["linux"]["resources"] = resources
            _ = try container.startContainer()
            try body(container)
        }

        private func update(
            _ container: RuntimeFixture, _ options: String..., input: String = "",
            at location: SourceLocation = #_sourceLocation
        ) throws {
            let outcome = try container.call(["update"] + options + [container.id], Job.Options(input: input))
            #expect(outcome.code == 0, "\(options): \(outcome)", sourceLocation: location)
        }

        private func memory(_ container: RuntimeFixture) throws -> String? {
            try container.cgroupFile("memory", v1: "memory.limit_in_bytes", v2: "memory.max")
        }

        private func swap(_ container: RuntimeFixture) throws -> String? {
            try container.cgroupFile("memory", v1: "memory.memsw.limit_in_bytes", v2: "memory.swap.max")
        }

        /// Quota and period.
        private func quota(_ container: RuntimeFixture) throws -> String {
            if Machine.hasOnlyCgroup2 { return try container.cgroupFile("cpu", v1: "", v2: "cpu.max") ?? "" }
            let quota = try container.cgroupFile("cpu", v1: "cpu.cfs_quota_us", v2: "") ?? ""
            let period = try container.cgroupFile("cpu", v1: "cpu.cfs_period_us", v2: "") ?? ""
            return "\(quota == "-1" ? "max" : quota) \(period)"
        }

        @Test func `memory, also by its unit`() throws {
            try running(["memory": ["limit": 33_554_432]]) { container throws in
                try update(container, "--memory", "67108864", "--memory-reservation=33554432")
                #expect(try memory(container) == "67108864")
                #expect(
                    try container.cgroupFile("memory", v1: "memory.soft_limit_in_bytes", v2: "memory.low") == "33554432"
                )
                try update(container, "--memory", "50M")
                #expect(try memory(container) == "52428800")
                try update(container, "--memory=-1")
                let value = try memory(container)
                #expect(value == "max" || value == "9223372036854771712", "\(value ?? "")")
            }
        }

        @Test(.enabled(if: Machine.countsSwap, "needs swap accounting"))
        func `memory and swap are raised and lowered together`() throws {
            try running(["memory": ["limit": 33_554_432, "swap": 33_554_432]]) { container throws in
                for (limit, both) in [(64, 128), (16, 24), (48, 48), (20, 200)] {
                    try update(container, "--memory", "\(limit)m", "--memory-swap", "\(both)m")
                    #expect(try memory(container) == "\(limit << 20)")
                    #expect(try swap(container) == "\((Machine.hasOnlyCgroup2 ? both - limit : both) << 20)")
                }
                try update(container, "--memory-swap", "-1")
                let value = try swap(container)
                #expect(value == "max" || value == "9223372036854771712", "\(value ?? "")")
            }
        }

        @Test func `quota and period, one without the other`() throws {
            try running(["cpu": ["quota": 500_000, "period": 1_000_000, "shares": 100]]) { container throws in
                #expect(try quota(container) == "500000 1000000")
                try update(container, "--cpu-period", "900000")
                #expect(try quota(container) == "500000 900000")
                try update(container, "--cpu-quota", "600000")
                #expect(try quota(container) == "600000 900000")
                try update(container, "--cpu-quota", "-1")
                #expect(try quota(container) == "max 900000")
            }
            try running { container throws in
                try update(container, "--cpu-quota", "30000")
                #expect(try quota(container) == "30000 100000")
            }
        }

        @Test func `shares, processors, tasks`() throws {
            try running { container throws in
                try update(
                    container, "--cpu-share", "2048", "--cpuset-cpus", "0", "--cpuset-mems", "0", "--pids-limit", "21")
                if !Machine.hasOnlyCgroup2 {
                    #expect(try container.cgroupFile("cpu", v1: "cpu.shares", v2: "") == "2048")
                } else if Machine.runtimeIsOurs {
                    #expect(try container.cgroupFile("cpu", v1: "", v2: "cpu.weight") == "174")
                }
                #expect(try container.cgroupFile("cpuset", v1: "cpuset.cpus", v2: "cpuset.cpus") == "0")
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "21")
                try update(container, "--pids-limit", "-1")
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "max")
                if !Machine.runtimeIsOurs { return }
                try update(container, "--pids-limit", "0")
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "1")
            }
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "the peer of Debian 12 does not know them"))
        func `burst and idle`() throws {
            try running(["cpu": ["quota": 50_000, "period": 100_000, "shares": 512]]) { container throws in
                try update(container, "--cpu-burst", "20000")
                #expect(try container.cgroupFile("cpu", v1: "cpu.cfs_burst_us", v2: "cpu.max.burst") == "20000")
                // A smaller quota than the burst: both at once, whatever the kernel wants first.
                try update(container, "--cpu-burst", "5000", "--cpu-quota", "10000")
                #expect(try quota(container) == "10000 100000")
                try update(container, "--cpu-idle", "1")
                #expect(try container.cgroupFile("cpu", v1: "cpu.idle", v2: "cpu.idle") == "1")
                try update(container, "--cpu-idle", "0")
                let share = try container.cgroupFile("cpu", v1: "cpu.shares", v2: "cpu.weight")
                #expect(share == (Machine.hasOnlyCgroup2 ? "59" : "512"))
            }
        }

        @Test func `a document from a file and from stdin, in every form of the option`() throws {
            try running { container throws in
                let text =
                    #"{"memory":{"limit":33554432,"reservation":0},"cpu":{"quota":40000,"period":0},"pids":{"limit":20},"blockIO":{"weight":0}}"#
                try update(container, "--resources", "-", input: text)
                #expect(try memory(container) == "33554432")
                #expect(try quota(container) == "40000 100000")
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "20")
                try update(container, "--resources=-", input: #"{"pids":{"limit":22}}"#)
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "22")
                let file = container.bundle.folder + "/resources"
                try #"{"pids":{"limit":23}}"#.write(toFile: file, atomically: false, encoding: .utf8)
                try update(container, "-r", file)
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "23")
                try update(container, "--resources=\(file)")
                #expect(try memory(container) == "33554432")
            }
        }

        @Test func `a created and a paused container are updated`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            _ = try container.create()
            try update(container, "--pids-limit", "31")
            #expect(try container.call(["start", container.id]).code == 0)
            #expect(try container.call(["pause", container.id]).code == 0)
            try update(container, "--pids-limit", "32")
            #expect(container.status == "paused")
            #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "32")
            #expect(try container.call(["resume", container.id]).code == 0)
        }

        @Test func `a stopped container and nonsense are refused`() throws {
            try running { container throws in
                for words in [
                    ["--memory", "lots"], ["--cpu-period", "x"], ["--nope", "1"],
                ] {
                    #expect(try container.call(["update"] + words + [container.id]).code != 0, "\(words)")
                }
                #expect(try container.call(["update", "-r", "/not/there", container.id]).code != 0)
                #expect(try container.call(["update", "-r", "-", container.id], Job.Options(input: "{")).code != 0)
                #expect(try container.call(["kill", container.id, "9"]).code == 0)
                #expect(eventually { container.status == "stopped" })
                let outcome = try container.call(["update", "--pids-limit", "5", container.id])
                #expect(outcome.code != 0 && outcome.errors.contains("container not running"), "\(outcome)")
            }
        }

        @Test(.enabled(if: Machine.runtimeIsOurs, "a promise of ours")) func `a failed update changes nothing`() throws
        {
            try running(["pids": ["limit": 20], "cpu": ["quota": 50_000, "period": 100_000]]) { container throws in
                let outcome = try container.call([
                    "update", "--cpu-quota", "20000", "--pids-limit", "30", "--cpuset-cpus", "4000", container.id,
                ])
                #expect(outcome.code != 0)
                #expect(outcome.errors.contains("linux.resources.cpu.cpus"), "\(outcome)")
                #expect(try quota(container) == "50000 100000")
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "20")
            }
        }

        @Test(
            .requirement("linux.cgroup.memory.checkBeforeUpdate"),
            .enabled(if: Machine.runtimeIsOurs || !Machine.hasOnlyCgroup2, "the peer of Debian 12 does not look"))
        func `a limit below the use is refused where that is asked for`() throws {
            let script = "dd if=/dev/zero of=/dev/shm/x bs=1M count=8 2>/dev/null; echo ready; sleep 60"
            let container = try RuntimeFixture(script)
            defer { container.finish() }
            container.config["mounts"].elements.append(
                ["destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["size=64m"]])
            container.config["linux"]["resources"] = ["memory": ["limit": 67_108_864]]
            let job = try container.startContainer()
            #expect(eventually { job.output.contains("ready") })
            let text = #"{"memory":{"limit":1048576,"checkBeforeUpdate":true}}"#
            let outcome = try container.call(["update", "-r", "-", container.id], Job.Options(input: text))
            #expect(outcome.code != 0)
            if Machine.hasOnlyCgroup2 { #expect(outcome.errors.contains("rejecting memory limit"), "\(outcome)") }
            #expect(container.status == "running")
            #expect(try memory(container) == "67108864")
        }
    }
}
