import Support
import Testing

@testable import Cgroups

@Suite struct CgroupPlanTests {
    func lines(_ resources: CgroupResources, unified: Bool) throws -> [String] {
        try CgroupPlan(resources, unified: unified).writes.map { "\($0.file)=\($0.value)" }
    }

    func refusal(_ resources: CgroupResources, unified: Bool) -> String {
        do {
            _ = try CgroupPlan(resources, unified: unified)
            return ""
        } catch {
            return "\(error)"
        }
    }

    var full: CgroupResources {
        var all = CgroupResources()
        all.memory.limit = 64 << 20
        all.memory.swap = 96 << 20
        all.memory.reservation = 32 << 20
        all.cpu.shares = 1024
        all.cpu.quota = 50_000
        all.cpu.period = 100_000
        all.cpu.burst = 1000
        all.cpu.cpus = "0-1"
        all.cpu.mems = "0"
        all.pids = 100
        all.blockIO.weight = 500
        all.blockIO.throttleReadBpsDevice = [.init(major: 8, minor: 0, rate: 1000)]
        all.hugepageLimits = [.init(pageSize: "2MB", limit: 4 << 20)]
        all.rdma = [.init(device: "mlx5_1", hcaHandles: 3)]
        return all
    }

    @Test func versionOne() throws {
        #expect(
            try lines(full, unified: false) == [
                "memory.limit_in_bytes=67108864", "memory.memsw.limit_in_bytes=100663296",
                "memory.soft_limit_in_bytes=33554432", "cpu.shares=1024", "cpu.cfs_period_us=100000",
                "cpu.cfs_quota_us=50000", "cpu.cfs_burst_us=1000", "cpuset.cpus=0-1", "cpuset.mems=0",
                "pids.max=100", "blkio.weight=500", "blkio.throttle.read_bps_device=8:0 1000",
                "hugetlb.2MB.limit_in_bytes=4194304", "hugetlb.2MB.rsvd.limit_in_bytes=4194304",
                "rdma.max=mlx5_1 hca_handle=3 hca_object=max",
            ])
    }

    @Test func versionTwo() throws {
        #expect(
            try lines(full, unified: true) == [
                "memory.swap.max=33554432", "memory.max=67108864", "memory.low=33554432", "cpu.weight=100",
                "cpu.max=50000 100000", "cpu.max.burst=1000", "cpuset.cpus=0-1", "cpuset.mems=0", "pids.max=100",
                "io.bfq.weight=500", "io.max=8:0 rbps=1000", "hugetlb.2MB.max=4194304",
                "hugetlb.2MB.rsvd.max=4194304", "rdma.max=mlx5_1 hca_handle=3 hca_object=max",
            ])
        let weight = try CgroupPlan(full, unified: true).writes.first { $0.file == "io.bfq.weight" }
        #expect(weight?.alternative == .init(file: "io.weight", value: "default 4950"))
    }

    @Test(arguments: [true, false]) func noTasksAreOne(unified: Bool) throws {
        var resources = CgroupResources()
        resources.pids = 0
        #expect(try lines(resources, unified: unified) == ["pids.max=1"])
    }

    @Test func noLimitHasItsOwnWord() throws {
        var none = CgroupResources()
        none.memory.limit = -1
        none.memory.swap = -1
        none.memory.reservation = -1
        none.cpu.quota = -1
        none.pids = -1
        #expect(
            try lines(none, unified: false) == [
                "memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1", "memory.soft_limit_in_bytes=-1",
                "cpu.cfs_quota_us=-1", "pids.max=max",
            ])
        #expect(
            try lines(none, unified: true) == [
                "memory.swap.max=max", "memory.max=max", "memory.low=max", "cpu.max=max", "pids.max=max",
            ])
        #expect(try lines(CgroupResources(), unified: true).isEmpty)
        #expect(try lines(CgroupResources(), unified: false).isEmpty)
    }

    @Test func equalLimitsMeanNoSwap() throws {
        var resources = CgroupResources()
        resources.memory.limit = 1 << 20
        resources.memory.swap = 1 << 20
        #expect(try lines(resources, unified: true) == ["memory.swap.max=0", "memory.max=1048576"])
    }

    @Test func noLimitOfMemoryIsNoneOfSwap() throws {
        var resources = CgroupResources()
        resources.memory.limit = -1
        #expect(
            try lines(resources, unified: false) == ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"])
        #expect(try lines(resources, unified: true) == ["memory.swap.max=max", "memory.max=max"])
    }

    @Test func aCheckedLimitIsRememberedOnVersionTwo() throws {
        var resources = CgroupResources()
        resources.memory.limit = 1 << 20
        resources.memory.swap = 2 << 20
        #expect(try CgroupPlan(resources, unified: true).checkedLimits == .init())
        resources.memory.checkBeforeUpdate = true
        #expect(
            try CgroupPlan(resources, unified: true).checkedLimits == .init(memory: 1 << 20, memoryAndSwap: 2 << 20))
        #expect(try CgroupPlan(resources, unified: false).checkedLimits == .init())
    }

    @Test func sharesThatTheKernelWouldBendAreRefused() {
        var resources = CgroupResources()
        for shares in [UInt64(1), 262_145] {
            resources.cpu.shares = shares
            #expect(refusal(resources, unified: false).hasPrefix("linux.resources.cpu.shares: "))
            #expect(refusal(resources, unified: true) == "")
        }
    }

    @Test func whatAVersionLacksIsNamed() {
        let cases: [(WritableKeyPath<CgroupResources, Bool?>?, (inout CgroupResources) -> Void, String)] = [
            (nil, { $0.memory.swappiness = 60 }, "memory.swappiness"),
            (nil, { $0.memory.disableOOMKiller = true }, "memory.disableOOMKiller"),
            (nil, { $0.memory.kernelTCP = 4096 }, "memory.kernelTCP"),
            (nil, { $0.cpu.realtimeRuntime = 10 }, "cpu.realtimeRuntime"),
            (nil, { $0.networkClassID = 1 }, "network"),
            (nil, { $0.blockIO.leafWeight = 10 }, "blockIO.leafWeight"),
        ]
        for (_, change, field) in cases {
            var resources = CgroupResources()
            change(&resources)
            #expect(refusal(resources, unified: true).hasPrefix("linux.resources.\(field): "), "\(field)")
            #expect(refusal(resources, unified: false) == "", "\(field)")
        }
        var unified = CgroupResources()
        unified.unified = [("memory.high", "1000")]
        #expect(refusal(unified, unified: false).contains("memory.high needs cgroup v2"))
        #expect(refusal(unified, unified: true) == "")
        for file in ["../memory.max", "", "..", "a/b"] {
            unified.unified = [(file, "1")]
            #expect(refusal(unified, unified: true).contains("is no file of a cgroup"), "\(file)")
        }
    }

    @Test func nonsenseIsRefused() {
        let cases: [((inout CgroupResources) -> Void, String)] = [
            ({ $0.memory.swappiness = 101 }, "memory.swappiness: 101 is above 100"),
            (
                {
                    $0.memory.limit = 10; $0.memory.swap = 5
                }, "memory.swap: 5 is below memory.limit 10"
            ),
            ({ $0.blockIO.weight = 5 }, "blockIO.weight: 5 is not within 10 to 1000"),
            ({ $0.blockIO.leafWeight = 1001 }, "blockIO.leafWeight: 1001 is not within 10 to 1000"),
            (
                { $0.blockIO.weightDevice = [.init(major: 8, minor: 0, weight: 9)] },
                "blockIO.weightDevice: 9 is not within 10 to 1000"
            ),
            ({ $0.cpu.cpus = "0;1" }, "cpu.cpus: \"0;1\" is no list such as 0-3,7"),
            ({ $0.hugepageLimits = [.init(pageSize: "../x", limit: 1)] }, "\"../x\" is no page size"),
            ({ $0.devices = [.init(allow: true, kind: .block, access: "")] }, "access \"\" has none of rwm"),
        ]
        for (change, words) in cases {
            var resources = CgroupResources()
            change(&resources)
            #expect(refusal(resources, unified: false).contains(words))
            #expect(refusal(resources, unified: true).contains(words))
        }
    }

    @Test func weightsFollowTheFieldsFormula() {
        let known: [(UInt64, UInt64)] = [
            (1, 1), (2, 1), (3, 2), (512, 60), (1024, 100), (2048, 170), (262_143, 10_000), (262_144, 10_000),
        ]
        for (shares, weight) in known {
            // The formula's own words: (2,1), (1024,100), (262144,10000) are exact; others are its curve.
            let computed = CgroupPlan.weight(shares: shares)
            if [1, 2, 1024, 262_143, 262_144].contains(shares) { #expect(computed == weight) }
            #expect((1...10_000).contains(computed))
        }
        var last: UInt64 = 0
        for shares in stride(from: UInt64(2), through: 262_144, by: 97) {
            let weight = CgroupPlan.weight(shares: shares)
            #expect(weight >= last)
            last = weight
        }
    }

    @Test func deviceRulesStartFromNothing() throws {
        var resources = CgroupResources()
        resources.devices = [.init(allow: true, kind: .character, major: 10, minor: 229, access: "rw")]
        #expect(try lines(resources, unified: false) == ["devices.deny=a", "devices.allow=c 10:229 rw"])
        resources.devices.insert(.init(allow: false, kind: .all), at: 0)
        #expect(try lines(resources, unified: false) == ["devices.deny=a", "devices.allow=c 10:229 rw"])
        resources.devices = [.init(allow: true, kind: .all)]
        #expect(try lines(resources, unified: false) == ["devices.allow=a"])
        #expect(CgroupDeviceRule.defaults.last?.line == "c 136:* rwm")
        #expect(try CgroupPlan(resources, unified: true).deviceRules == resources.devices)
    }
}
