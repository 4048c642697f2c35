import Foundation
import Testing

extension Integration.NativeRuntime {
    /// How a process shares processors and disks: scheduler, ioPriority, execCPUAffinity, personality.
    @Suite(.serialized) struct Scheduling {
        /// The fields of /proc/PID/stat from the state on; [37] is the real-time priority, [38] the policy (proc(5) less 3).
        private func fields(_ stat: String) -> [Substring] {
            stat.split(separator: ")").last?.split(separator: " ") ?? []
        }

        @Test(.requirement("config.process.scheduler"))
        func `policy, priority and nice value are the configured ones`() throws {
            for (scheduler, nice, priority, policy) in [
                (["policy": "SCHED_BATCH", "nice": 7], "7", "0", "3"),
                (["policy": "SCHED_FIFO", "priority": 5], "0", "5", "1"),
                (["policy": "SCHED_IDLE"], "0", "0", "5"),
            ] as [(Document, String, String, String)] {
                let container = try RuntimeFixture("cat /proc/self/stat")
                defer { container.finish() }
                container.config["process"]["scheduler"] = scheduler
                if FileManager.default.fileExists(atPath: "/sys/fs/cgroup/cpu/cpu.rt_runtime_us") {
                    // Version 1 gives a new cgroup no real-time processor time at all.
                    container.config["linux"]["resources"]["cpu"] = ["realtimeRuntime": 10000]
                }
                let outcome = try container.run()
                let fields = fields(outcome.text)
                try #require(fields.count > 38, "\(outcome)")
                #expect(
                    fields[16] == nice && fields[37] == priority && fields[38] == policy, "\(scheduler.json) \(outcome)"
                )
            }
        }

        @Test func `parameters that a policy does not have are refused by name`() throws {
            for (scheduler, field) in [
                (["policy": "SCHED_OTHER", "priority": 5], "process.scheduler.priority"),
                (["policy": "SCHED_FIFO"], "process.scheduler.priority"),
                (["policy": "SCHED_FIFO", "priority": 5, "nice": 3], "process.scheduler.nice"),
                (["policy": "SCHED_BATCH", "runtime": 1000], "process.scheduler.runtime"),
            ] as [(Document, String)] {
                let container = try RuntimeFixture("echo up")
                defer { container.finish() }
                container.config["process"]["scheduler"] = scheduler
                let outcome = try container.run()
                #expect(outcome.code == 1 && outcome.output.isEmpty, "\(scheduler.json) \(outcome)")
                #expect(outcome.errors.contains(field), "\(outcome)")
            }
        }

        @Test(.requirement("config.process.ioPriority"))
        func `class and priority of input and output are the configured ones`() throws {
            let container = try RuntimeFixture("ionice; sleep 600")
            defer { container.finish() }
            try FileManager.default.createSymbolicLink(
                atPath: container.bundle.rootfs + "/bin/ionice", withDestinationPath: "busybox")
            container.config["process"]["ioPriority"] = ["class": "IOPRIO_CLASS_BE", "priority": 6]
            let job = try container.startContainer()
            #expect(eventually { job.output == "best-effort: prio 6\n" }, "\(job.output) \(job.errors)")
            // A process of exec has the container's, unless it has its own.
            #expect(try container.call(["exec", container.id, "ionice"]).text == "best-effort: prio 6")
        }

        @Test(.requirement("config.process.execCPUAffinity.final"))
        func `exec runs on the processors asked for, the first process anywhere`() throws {
            let container = try RuntimeFixture("grep Cpus_allowed_list /proc/self/status; sleep 600")
            defer { container.finish() }
            let status = try #require(readText("/proc/self/status"))
            let all = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list") })
            container.config["process"]["execCPUAffinity"] = ["initial": "0", "final": "0"]
            let job = try container.startContainer()
            #expect(eventually { job.output.hasPrefix(all) }, "\(job.output)")
            let script = "grep Cpus_allowed_list /proc/self/status"
            #expect(try container.call(["exec", container.id, "sh", "-c", script]).text == "Cpus_allowed_list:\t0")
        }

        @Test(.requirement("config.process.execCPUAffinity.unset"))
        func `exec without affinity keeps the processors of the cgroup`() throws {
            let container = try RuntimeFixture("sleep 600")
            defer { container.finish() }
            let last = "\(ProcessInfo.processInfo.processorCount - 1)"
            container.config["linux"]["resources"]["cpu"] = ["cpus": .string(last)]
            container.config["process"]["execCPUAffinity"] = ["initial": "0"]
            _ = try container.startContainer()
            let script = "grep Cpus_allowed_list /proc/self/status"
            let outcome = try container.call(["exec", container.id, "sh", "-c", script])
            #expect(outcome.text == "Cpus_allowed_list:\t\(last)", "\(outcome)")
        }

        @Test func `a list of processors that is none is refused by name`() throws {
            let container = try RuntimeFixture("echo up")
            defer { container.finish() }
            container.config["process"]["execCPUAffinity"] = ["final": "0-x"]
            let outcome = try container.run()
            #expect(outcome.code == 1 && outcome.errors.contains("process.execCPUAffinity.final"), "\(outcome)")
        }

        @Test func `the memory policy is the configured one`() throws {
            let nodes = Machine.hasMemoryNodes
            for (policy, shown) in [
                (["mode": "MPOL_BIND", "nodes": "0"], "bind:0"),
                (["mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]], "interleave=static:0"),
                (["mode": "MPOL_LOCAL"], "local"),
            ] as [(Document, String)] {
                let container = try RuntimeFixture("grep -m 1 stack /proc/self/numa_maps | cut -d' ' -f 2")
                defer { container.finish() }
                container.config["linux"]["memoryPolicy"] = policy
                let outcome = try container.run()
                if nodes {
                    #expect(outcome.text == shown, "\(outcome)")
                } else {
                    #expect(outcome.code == 1 && outcome.errors.contains("linux.memoryPolicy"), "\(outcome)")
                }
            }
        }

        @Test func `a memory policy that can't be is refused by name`() throws {
            for (policy, field) in [
                (["mode": "MPOL_BIND"], "linux.memoryPolicy.nodes"),
                (["mode": "MPOL_LOCAL", "nodes": "0"], "linux.memoryPolicy.nodes"),
                (["mode": "MPOL_BIND", "nodes": "a"], "linux.memoryPolicy.nodes"),
                (["mode": "MPOL_BIND", "nodes": "1000"], "linux.memoryPolicy"),
                (
                    ["mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]],
                    "linux.memoryPolicy.flags"
                ),
            ] as [(Document, String)] {
                let container = try RuntimeFixture("echo up")
                defer { container.finish() }
                container.config["linux"]["memoryPolicy"] = policy
                let outcome = try container.run()
                #expect(outcome.code == 1 && outcome.output.isEmpty, "\(policy.json) \(outcome)")
                #expect(outcome.errors.contains(field), "\(outcome)")
            }
        }

        @Test func `a 32-bit personality shows in uname`() throws {
            let container = try RuntimeFixture("uname -m")
            defer { container.finish() }
            try FileManager.default.createSymbolicLink(
                atPath: container.bundle.rootfs + "/bin/uname", withDestinationPath: "busybox")
            container.config["linux"]["personality"] = ["domain": "LINUX32"]
            #expect(try container.run().text == "i686")
        }
    }
}

extension Machine {
    /// The kernel knows memory nodes (CONFIG_NUMA); without them no policy can be set.
    static let hasMemoryNodes = FileManager.default.fileExists(atPath: "/proc/self/numa_maps")
}
