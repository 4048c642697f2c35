import Cgroups
import Glibc
import Linux
import OCISpec
import Support
import Testing

@testable import OCIRuntime

@Suite struct ContainerRecordTests {
    var record: ContainerRecord {
        ContainerRecord(
            id: "x", bundle: "/b", rootfs: "/b/rootfs", created: "2026-01-02T03:04:05Z", owner: 0,
            annotations: ["k": "v"], cgroup: Cgroup(folders: [.init(controllers: ["cpu", "cpuacct"], path: "/c/x")]),
            hooks: hooks)
    }

    var hooks: RuntimeConfiguration.Hooks {
        var hooks = RuntimeConfiguration.Hooks()
        hooks.prestart = [.init(path: "/early")]
        hooks.poststop = [.init(path: "/late")]
        return hooks
    }

    @Test func survivesTheDisk() throws {
        var written = record
        written.process = ProcessIdentity(pid: 42, startTime: 4711)
        let read = try ContainerRecord(json: written.json())
        #expect(read.id == "x" && read.bundle == "/b" && read.rootfs == "/b/rootfs" && read.annotations == ["k": "v"])
        #expect(read.process == written.process)
        #expect(read.cgroup == written.cgroup)
        // Only what a later verb runs is kept.
        #expect(read.hooks?.poststop.map(\.path) == ["/late"])
        #expect(read.hooks?.prestart.isEmpty == true)
        #expect(try ContainerRecord(json: record.json()).process == nil)
    }

    @Test func anotherVersionIsRefused() {
        let text = String(decoding: record.json(), as: UTF8.self).replacing("\"version\":1", with: "\"version\":2")
        #expect(throws: RuntimeError.self) { try ContainerRecord(json: Array(text.utf8)) }
        #expect(throws: (any Error).self) { try ContainerRecord(json: Array("{\"version\":1,\"id\":3}".utf8)) }
    }

    private func identifiers(in states: StateDirectory) throws -> [String] {
        var all: [String] = []
        try states.forEachRecord { all.append($0.id) }
        return all
    }

    @Test func anIdIsClaimedOnce() throws {
        let states = StateDirectory(root: "/tmp/hako-state-\(getpid())", rootless: try Rootless(nil))
        defer { try? removeTree(states.root) }
        #expect(try identifiers(in: states) == [])
        try states.claim("x")
        let error = #expect(throws: RuntimeError.self) { try states.claim("x") }
        #expect(error?.code == .alreadyExists)
        #expect(throws: RuntimeError.self) { try states.load("x") }
        try states.save(record)
        #expect(try identifiers(in: states) == ["x"])
        #expect(try states.load("x").bundle == "/b")
        try states.remove("x")
        #expect(try identifiers(in: states) == [])
    }

    @Test func aProcessThatIsGoneIsStopped() throws {
        let states = StateDirectory(root: "/tmp/hako-lifecycle-\(getpid())", rootless: try Rootless(nil))
        var one = record
        #expect(Lifecycle.status(of: one, states) == .creating)
        // The pid is taken, the start time is another's: a later process with the same number is not mistaken for it.
        one.process = ProcessIdentity(pid: getpid(), startTime: 1)
        #expect(Lifecycle.status(of: one, states) == .stopped)
        one.process = try ProcessIdentity(of: getpid())
        #expect(Lifecycle.status(of: one, states) == .running)
    }
}
