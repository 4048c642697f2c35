import Cgroups
import DBus
import Support
import Testing

@testable import Systemd

@Suite struct ScopeResourcesTests {
    private func properties(
        unified: Bool = true, version: Int = 255, _ change: (inout CgroupResources) -> Void
    ) throws -> [String: DBusValue] {
        var resources = CgroupResources()
        change(&resources)
        let list = try ScopeResources.properties(resources, isUnified: unified) { version }
        // The last of a name counts, but for lists, where an empty one empties.
        return Dictionary(list.map { ($0.name, $0.value) }) { $1 }
    }

    @Test func memory() throws {
        #expect(
            try properties {
                ($0.memory.limit, $0.memory.reservation, $0.memory.swap) = (100, 50, 150)
            } == ["MemoryMax": .uint64(100), "MemoryLow": .uint64(50), "MemorySwapMax": .uint64(50)])
        #expect(
            try properties { $0.memory.limit = -1 } == ["MemoryMax": .uint64(.max), "MemorySwapMax": .uint64(.max)])
        #expect(try properties { ($0.memory.limit, $0.memory.swap) = (0, 0) } == [:])
        #expect(
            try properties(unified: false) {
                ($0.memory.limit, $0.memory.reservation, $0.memory.swap) = (100, 50, 150)
            } == ["MemoryLimit": .uint64(100)])
    }

    @Test func tasks() throws {
        #expect(try properties { $0.pids = 7 } == ["TasksMax": .uint64(7)])
        #expect(try properties { $0.pids = -1 } == ["TasksMax": .uint64(.max)])
        #expect(try properties { $0.pids = 0 } == ["TasksMax": .uint64(1)])
    }

    @Test func shares() throws {
        #expect(try properties { $0.cpu.shares = 1024 } == ["CPUWeight": .uint64(100)])
        #expect(try properties(unified: false) { $0.cpu.shares = 1024 } == ["CPUShares": .uint64(1024)])
        #expect(try properties { ($0.cpu.shares, $0.cpu.idle) = (1024, 1) } == ["CPUWeight": .uint64(0)])
        #expect(
            try properties(version: 251) { ($0.cpu.shares, $0.cpu.idle) = (1024, 1) } == ["CPUWeight": .uint64(100)])
        #expect(try properties { $0.cpu.idle = 0 } == ["CPUWeight": .uint64(100)])
    }

    @Test(
        arguments: [
            (50_000, 100_000, 500_000), (50_000, 0, 500_000), (33_333, 100_000, 340_000), (1_000, 1_000_000, 10_000),
            (200_000, 100_000, 2_000_000), (1, 100_000, 10_000),
        ] as [(Int64, UInt64, UInt64)]) func quotas(quota: Int64, period: UInt64, time: UInt64) throws
    {
        let found = try properties { ($0.cpu.quota, $0.cpu.period) = (quota, period) }
        #expect(found["CPUQuotaPerSecUSec"] == .uint64(time))
        #expect(found["CPUQuotaPeriodUSec"] == (period == 0 ? nil : .uint64(period)))
        // What the file gets is what systemd would write.
        var resources = CgroupResources()
        (resources.cpu.quota, resources.cpu.period) = (quota, period)
        resources.roundQuota()
        #expect(resources.cpu.quota == Int64(time * (period == 0 ? 100_000 : period) / 1_000_000))
    }

    @Test func quotasThatAreNone() throws {
        #expect(try properties { $0.cpu.quota = -1 } == ["CPUQuotaPerSecUSec": .uint64(.max)])
        #expect(
            try properties(version: 241) { ($0.cpu.quota, $0.cpu.period) = (-1, 50_000) } == [
                "CPUQuotaPerSecUSec": .uint64(.max)
            ])
        #expect(
            try properties { $0.cpu.quota = .max }["CPUQuotaPerSecUSec"] == .uint64(.max))
        var resources = CgroupResources()
        resources.cpu.quota = .max
        resources.roundQuota()
        #expect(resources.cpu.quota == .max)
    }

    @Test func setsOfProcessors() throws {
        #expect(
            try properties { ($0.cpu.cpus, $0.cpu.mems) = ("0-3,9", "0") } == [
                "AllowedCPUs": .bytes([0x0f, 0x02]), "AllowedMemoryNodes": .bytes([1]),
            ])
        #expect(try properties(version: 243) { $0.cpu.cpus = "0" } == [:])
        #expect(throws: RuntimeError.self) { try properties { $0.cpu.cpus = "0-x" } }
    }

    @Test func weightsOfDevices() throws {
        #expect(try properties { $0.blockIO.weight = 1000 } == ["IOWeight": .uint64(10_000)])
        #expect(try properties(unified: false) { $0.blockIO.weight = 1000 } == ["BlockIOWeight": .uint64(1000)])
    }

    @Test func filesOfVersion2() throws {
        let files = [
            ("memory.max", "100"), ("memory.high", "max"), ("memory.min", "5"), ("memory.swap.max", "7"),
            ("pids.max", "0"),
            ("cpu.max", "20000 40000"), ("cpu.weight", "42"), ("cpuset.cpus", "1"), ("io.weight", "default 50"),
            ("hugetlb.2MB.max", "5"),
        ]
        let found = try properties { $0.unified = files.map { (file: $0.0, value: $0.1) } }
        let expected: [String: DBusValue] = [
            "MemoryMax": .uint64(100), "MemoryHigh": .uint64(.max), "MemoryMin": .uint64(5),
            "MemorySwapMax": .uint64(7),
            "TasksMax": .uint64(1), "CPUQuotaPerSecUSec": .uint64(500_000), "CPUQuotaPeriodUSec": .uint64(40_000),
            "CPUWeight": .uint64(42), "AllowedCPUs": .bytes([2]), "IOWeight": .uint64(50),
        ]
        #expect(found == expected)
        #expect(
            try properties { $0.unified = [(file: "cpu.max", value: "max")] }["CPUQuotaPerSecUSec"] == .uint64(.max))
        #expect(
            try properties {
                $0.memory.limit = 5
                $0.unified = [(file: "memory.max", value: "9")]
            } == ["MemoryMax": .uint64(9)])
    }

    @Test(arguments: [
        ("memory.max", "lots"), ("cpu.max", ""), ("cpu.max", "1 2 3"), ("pids.max", "-1"), ("cpu.weight", "+5"),
    ])
    func filesWithOtherValues(file: String, value: String) {
        let error = #expect(throws: RuntimeError.self) {
            try properties { $0.unified = [(file: file, value: value)] }
        }
        #expect(error?.message.contains("linux.resources.unified.\(file)") == true)
    }

    // MARK: Devices

    private func rule(
        _ allow: Bool, _ kind: CgroupDeviceRule.Kind, _ major: Int64? = nil, _ minor: Int64? = nil,
        _ access: String = "rwm"
    ) -> CgroupDeviceRule {
        CgroupDeviceRule(allow: allow, kind: kind, major: major, minor: minor, access: access)
    }

    @Test func aListOfWhatIsAllowed() {
        let list = DeviceAllowList([
            rule(false, .all), rule(true, .character, 1, 3, "r"), rule(true, .character, 1, 3, "w"),
            rule(true, .block, 8, nil, "r"), rule(true, .character, nil, nil, "m"), rule(true, .character, 5, 0, "rw"),
            rule(false, .character, 5, 0, "rw"),
        ])
        #expect(list.isExact && !list.allowsEverything)
        #expect(
            list.entries == [
                .init(path: "/dev/char/1:3", access: "rw"), .init(path: "block-8", access: "r"),
                .init(path: "char-*", access: "m"),
            ])
    }

    @Test func whatAListCantSayIsNeverWider() {
        #expect(DeviceAllowList([rule(false, .all), rule(true, .all)]).allowsEverything)
        #expect(DeviceAllowList([rule(true, .all), rule(true, .block, 8, 0)]).allowsEverything)
        let allBut = DeviceAllowList([rule(true, .all), rule(false, .block, 8, 0)])
        #expect(!allBut.isExact && !allBut.allowsEverything && allBut.entries.isEmpty)
        let minor = DeviceAllowList([rule(true, .character, nil, 5)])
        #expect(!minor.isExact && minor.entries.isEmpty)
        let hole = DeviceAllowList([rule(true, .block, 8, nil), rule(false, .block, 8, 1)])
        #expect(!hole.isExact && hole.entries.isEmpty)
        let makers = DeviceAllowList([rule(true, .character, nil, nil, "m"), rule(false, .character, 5, 0)])
        #expect(!makers.isExact && makers.entries.isEmpty)
        let wide = DeviceAllowList([rule(true, .block, 8, 1), rule(false, .block)])
        #expect(wide.isExact && wide.entries.isEmpty)
    }

    @Test func devicesAreToldToSystemdByVersion() throws {
        let none = DBusValue.array(.structure([.string, .string]), [])
        let one = DBusValue.array(
            .structure([.string, .string]), [.structure([.string("/dev/char/1:3"), .string("rwm")])])
        let exact = [rule(false, .all), rule(true, .character, 1, 3)]
        let hole = [rule(true, .all), rule(false, .block, 8, 1)]
        #expect(try properties { $0.devices = exact } == ["DevicePolicy": .string("strict"), "DeviceAllow": one])
        #expect(try properties { $0.devices = hole } == ["DevicePolicy": .string("auto"), "DeviceAllow": none])
        #expect(
            try properties(unified: false) { $0.devices = hole } == [
                "DevicePolicy": .string("strict"), "DeviceAllow": none,
            ])
        #expect(
            try properties(unified: false) { $0.devices = [rule(true, .all)] } == [
                "DevicePolicy": .string("auto"), "DeviceAllow": none,
            ])
    }
}
