import Testing

@testable import Cgroups

@Suite struct CgroupWriteTests {
    func undone(_ file: String, _ value: String, _ before: String?) -> String? {
        CgroupWrite("c", file, value, field: "f").undo(before)?.value
    }

    @Test func oneValueComesBackAsItWas() {
        #expect(undone("pids.max", "20", "max") == "max")
        #expect(undone("cpu.max", "50000 100000", "max 100000") == "max 100000")
        #expect(undone("cpu.max", "max", "max 5000") == "max 5000")
        #expect(undone("cpuset.cpus", "0", "") == "\n")
        #expect(undone("pids.max", "20", nil) == nil)
    }

    @Test func oneLineOfManyComesBack() {
        let limits = "8:0 rbps=5 wbps=max riops=max wiops=max\n8:16 rbps=max wbps=7 riops=max wiops=max"
        #expect(undone("io.max", "8:16 rbps=9", limits) == "8:16 rbps=max wbps=7 riops=max wiops=max")
        #expect(undone("io.max", "254:0 wiops=9", limits) == "254:0 wiops=max")
        #expect(undone("io.max", "254:0 wiops=9", "") == "254:0 wiops=max")
        #expect(undone("io.bfq.weight", "8:0 500", "default 100") == "8:0 default")
        #expect(undone("io.weight", "default 500", "default 100\n8:0 7") == "default 100")
        #expect(undone("blkio.throttle.read_bps_device", "8:0 500", "8:16 4") == "8:0 0")
        #expect(undone("net_prio.ifpriomap", "eth0 5", "lo 0\neth0 3") == "eth0 3")
        #expect(undone("x.y", "unknown 5", "lo 0\neth0 3") == nil)
    }
}
