import Foundation
import Testing

extension Integration.NativeRuntime {
    /// `linux.resources`, field by field, as the kernel shows it.
    @Suite(.serialized) struct Resources {
        /// A block device of this machine, as `MAJOR:MINOR`.
        static let disk: String? = {
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: "/sys/block")) ?? []).sorted()
            let real = names.filter { !$0.hasPrefix("loop") && !$0.hasPrefix("ram") }
            return (real + names).lazy.compactMap { readTrimmed("/sys/block/\($0)/dev") }.first
        }()

        private func created(
            _ resources: Document, version: String = "1.0.2", _ body: (RuntimeFixture) throws -> Void
        ) throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            container.config["ociVersion"] = .string(version)
            container.config["linux"]["resources"] = resources
            _ = try container.create()
            try body(container)
        }

        /// The error of a create that must fail, leaving nothing behind.
        private func refusal(_ resources: Document) throws -> String {
            let container = try RuntimeFixture("true")
            defer { container.finish() }
            container.config["linux"]["resources"] = resources
            try container.bundle.write()
            let outcome = try container.call(["create", container.id])
            #expect(outcome.code != 0, "\(resources)")
            return outcome.errors
        }

        @Test(.requirement("linux.cgroup.memory.swap"), .enabled(if: Machine.countsSwap, "needs swap accounting"))
        func `memory and swap together`() throws {
            try created(["memory": ["limit": 67_108_864, "swap": 100_663_296]]) { container throws in
                let expected = Machine.hasOnlyCgroup2 ? 32 << 20 : 96 << 20
                #expect(
                    try container.cgroupFile("memory", v1: "memory.memsw.limit_in_bytes", v2: "memory.swap.max")
                        == "\(expected)")
            }
        }

        @Test(
            .requirement("linux.cgroup.memory.swappiness", "linux.cgroup.memory.disableOOMKiller"),
            .enabled(if: !Machine.hasOnlyCgroup2, "needs cgroup v1")) func `swappiness and the killer`() throws
        {
            try created(["memory": ["swappiness": 7, "disableOOMKiller": true]]) { container throws in
                #expect(try container.cgroupFile("memory", v1: "memory.swappiness", v2: "") == "7")
                let control = try container.cgroupFile("memory", v1: "memory.oom_control", v2: "")
                #expect(control?.contains("oom_kill_disable 1") == true)
            }
        }

        @Test(.requirement("linux.cgroup.cpu.burst")) func `burst of the quota`() throws {
            try created(["cpu": ["quota": 50000, "period": 100_000, "burst": 20000]]) { container throws in
                #expect(
                    try container.cgroupFile("cpu", v1: "cpu.cfs_quota_us", v2: "cpu.max")?.hasPrefix("50000") == true)
                if Machine.runtimeIsOurs {
                    #expect(try container.cgroupFile("cpu", v1: "cpu.cfs_burst_us", v2: "cpu.max.burst") == "20000")
                }
            }
        }

        @Test(
            .requirement("linux.cgroup.cpu.idle"),
            .enabled(if: Machine.runtimeIsOurs, "the peer of Debian 12 does not know it")) func `idle`() throws
        {
            try created(["cpu": ["idle": 1, "shares": 512]]) { container throws in
                #expect(try container.cgroupFile("cpu", v1: "cpu.idle", v2: "cpu.idle") == "1")
            }
        }

        @Test(.requirement("linux.cgroup.cpu.shares")) func `shares are the field's weight`() throws {
            try created(["cpu": ["shares": 1024]]) { container throws in
                let value = try container.cgroupFile("cpu", v1: "cpu.shares", v2: "cpu.weight")
                // Older runtimes map them linearly: 39.
                #expect(value == (Machine.hasOnlyCgroup2 ? "100" : "1024") || !Machine.runtimeIsOurs && value == "39")
            }
        }

        @Test(.requirement("linux.cgroup.cpu.mems")) func `memory nodes`() throws {
            try created(["cpu": ["cpus": "0", "mems": "0"]]) { container throws in
                #expect(try container.cgroupFile("cpuset", v1: "cpuset.mems", v2: "cpuset.mems") == "0")
            }
        }

        @Test(.requirement("linux.cgroup.blockIO.throttle"), .enabled(if: disk != nil, "needs a block device"))
        func `rates of a block device`() throws {
            let numbers = try #require(Self.disk).split(separator: ":").compactMap { Int($0) }
            let rate: (Int) -> Document = {
                [["major": .integer(numbers[0]), "minor": .integer(numbers[1]), "rate": .integer($0)]]
            }
            let resources: Document = [
                "blockIO": [
                    "throttleReadBpsDevice": rate(1_048_576), "throttleWriteBpsDevice": rate(2_097_152),
                    "throttleReadIOPSDevice": rate(100), "throttleWriteIOPSDevice": rate(200),
                ]
            ]
            try created(resources) { container throws in
                let device = numbers.map(String.init).joined(separator: ":")
                if Machine.hasOnlyCgroup2 {
                    #expect(
                        try container.cgroupFile("io", v1: "", v2: "io.max")
                            == "\(device) rbps=1048576 wbps=2097152 riops=100 wiops=200")
                    return
                }
                for (file, value) in [
                    ("read_bps", 1_048_576), ("write_bps", 2_097_152), ("read_iops", 100), ("write_iops", 200),
                ] {
                    #expect(
                        try container.cgroupFile("blkio", v1: "blkio.throttle.\(file)_device", v2: "")
                            == "\(device) \(value)", "\(file)")
                }
            }
        }

        @Test(
            .requirement("linux.cgroup.pids.zero"),
            .enabled(if: Machine.runtimeIsOurs, "the peer of Debian 12 ignores it"))
        func `a limit of no tasks leaves the one that there is`() throws {
            try created(["pids": ["limit": 0]], version: "1.3.0") { container throws in
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "1")
            }
            // What older writers mean by it, podman 4 among them.
            try created(["pids": ["limit": 0]]) { container throws in
                #expect(try container.cgroupFile("pids", v1: "pids.max", v2: "pids.max") == "max")
            }
        }

        @Test(.requirement("linux.cgroup.blockIO.weight")) func `weight of block devices`() throws {
            try created(["pids": ["limit": 5]]) { probe throws in
                let weight = try probe.cgroupFile("blkio", v1: "blkio.bfq.weight", v2: "io.bfq.weight")
                guard weight != nil else { return }
                try created(["blockIO": ["weight": 250]]) { container throws in
                    #expect(
                        try container.cgroupFile("blkio", v1: "blkio.bfq.weight", v2: "io.bfq.weight")?
                            .contains("250") == true)
                }
            }
        }

        @Test(.requirement("linux.unified.enabled"), .enabled(if: Machine.hasOnlyCgroup2, "needs cgroup v2"))
        func `files of cgroup v2`() throws {
            try created(["unified": ["memory.high": "50331648", "pids.max": "31"]]) { container throws in
                #expect(try container.cgroupFile("memory", v1: "", v2: "memory.high") == "50331648")
                #expect(try container.cgroupFile("pids", v1: "", v2: "pids.max") == "31")
            }
        }

        @Test(.requirement("linux.unified.missing"), .enabled(if: !Machine.hasOnlyCgroup2, "needs cgroup v1"))
        func `files of cgroup v2 are refused on v1`()
            throws
        {
            let errors = try refusal(["unified": ["memory.high": "50331648"]])
            #expect(errors.contains("unified") || !Machine.runtimeIsOurs, "\(errors)")
        }

        @Test func `what is missing is named`() throws {
            let cases: [(Document, String)] = [
                (["hugepageLimits": [["pageSize": "3MB", "limit": 1]]], "linux.resources.hugepageLimits"),
                (["cpu": ["cpus": "4000"]], "linux.resources.cpu.cpus"),
                (["memory": ["limit": 1024, "swap": 512]], "linux.resources.memory.swap"),
            ]
            for (resources, field) in cases {
                let errors = try refusal(resources)
                #expect(errors.contains(field) || !Machine.runtimeIsOurs, "\(errors)")
            }
        }

        @Test(.requirement("linux.cgroupsPath.relative")) func `a relative path is below the caller's group`() throws {
            let container = try RuntimeFixture("sleep 60")
            defer { container.finish() }
            container.config["linux"]["cgroupsPath"] = .string("\(container.id)/inner")
            _ = try container.create()
            let pid = try #require(try container.stateDocument()["pid"].number)
            let memberships = try #require(readText("/proc/\(pid)/cgroup"))
            #expect(memberships.contains("/\(container.id)/inner\n"), "\(memberships)")
            let memory = try container.cgroupFile("memory", v1: "memory.limit_in_bytes", v2: "memory.max")
            #expect(memory != nil)
            // The group above is the caller's: the runtime leaves it.
            _ = try container.call(["delete", "--force", container.id])
            let outer = try run(["find", "/sys/fs/cgroup", "-type", "d", "-name", container.id])
            for folder in outer.lines where !folder.isEmpty { rmdir(folder) }
        }
    }
}

extension Machine {
    /// The kernel counts swap by cgroup.
    static let countsSwap: Bool = {
        let files = FileManager.default
        if files.fileExists(atPath: "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes") { return true }
        guard hasOnlyCgroup2 else { return false }
        let names = (try? files.contentsOfDirectory(atPath: "/sys/fs/cgroup")) ?? []
        return names.contains { files.fileExists(atPath: "/sys/fs/cgroup/\($0)/memory.swap.max") }
            || files.fileExists(atPath: "/proc/swaps")
    }()
}
