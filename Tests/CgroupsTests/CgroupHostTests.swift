import Glibc
import Linux
import Support
import Testing

@testable import Cgroups

/// On this host's real hierarchies, in folders of the test's own that are removed again.
@Suite(.enabled(if: getuid() == 0 && access("/sys/fs/cgroup", W_OK) == 0, "needs root and writable cgroups"))
struct CgroupHostTests {
    func withGroup(_ name: String, _ body: (Cgroup) throws -> Void) throws {
        let group = try Cgroup(path: "/hako-test-\(getpid())-\(name)", id: "", layout: try .detect())
        try group.create()
        do {
            try body(group)
        } catch {
            try? group.killAll()
            try? group.delete()
            throw error
        }
        try? group.killAll()
        try group.delete()
        for folder in group.folders { #expect(access(folder.path, F_OK) != 0, "\(folder.path)") }
    }

    /// A sleeping program outside of the group.
    func sleeper() throws -> Int32 {
        var pid: pid_t = 0
        let words: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("100"), nil]
        defer { for word in words { free(word) } }
        #expect(posix_spawnp(&pid, "sleep", nil, nil, words, environ) == 0)
        return pid
    }

    func ended(_ pid: Int32) -> Bool {
        var status: Int32 = 0
        return Cgroup.poll(milliseconds: 5000) { waitpid(pid, &status, WNOHANG) == pid }
    }

    @Test func whatWasMadeAboveARefusedGroupIsRemoved() throws {
        let above = "/hako-test-\(getpid())-above"
        // A file of the kernel's in every group: no group can have its name.
        let group = try Cgroup(path: "\(above)/inner/cgroup.procs", id: "", layout: try .detect())
        #expect(throws: RuntimeError.self) { try group.create() }
        for folder in group.folders {
            #expect(access(parentPath(parentPath(folder.path)), F_OK) != 0, "\(folder.path)")
        }
    }

    @Test func whatWasMadeAboveAGroupIsTold() throws {
        let layout = try CgroupLayout.detect()
        let outer = try Cgroup(path: "/hako-test-\(getpid())-outer", id: "", layout: layout)
        let inner = try Cgroup(path: "/hako-test-\(getpid())-outer/a/b", id: "", layout: layout)
        let above = try inner.create()
        #expect(Set(above) == Set(outer.folders.flatMap { [$0.path, "\($0.path)/a"] }))
        try inner.delete()
        for folder in above.reversed() { #expect(rmdir(folder) == 0, "\(folder)") }
        #expect(try outer.create().isEmpty)
        try outer.delete()
    }

    @Test func bothWaysToLookAgree() throws {
        var byMounts = try CgroupLayout.detectByMounts()
        var quick = try CgroupLayout.detect()
        let order = { (left: CgroupLayout.Hierarchy, right: CgroupLayout.Hierarchy) in
            left.mountPoint < right.mountPoint
        }
        quick.hierarchies.sort(by: order)
        byMounts.hierarchies = byMounts.hierarchies.map {
            .init(controllers: $0.controllers, mountPoint: $0.mountPoint)
        }
        .sorted(by: order)
        byMounts.unified?.root = nil
        #expect(quick.hierarchies == byMounts.hierarchies)
        #expect(quick.unified?.mountPoint == byMounts.unified?.mountPoint)
    }

    @Test func relativePathsStartAtOnesOwnGroup() throws {
        let layout = try CgroupLayout.detect()
        let own = CgroupLayout.membership(try readText("/proc/self/cgroup"))
        let group = try Cgroup(path: "hako-test-relative", id: "x", layout: layout)
        for folder in group.folders where !folder.controllers.isEmpty {
            let path = try #require(own[folder.controllers.joined(separator: ",")])
            #expect(folder.path.hasSuffix(path == "/" ? "/hako-test-relative" : "\(path)/hako-test-relative"))
        }
    }

    @Test func limitsReachTheKernel() throws {
        try withGroup("limits") { group in
            var resources = CgroupResources()
            resources.memory.limit = 64 << 20
            resources.memory.swap = 64 << 20
            resources.cpu.shares = 512
            resources.cpu.quota = 50_000
            resources.cpu.period = 100_000
            resources.cpu.cpus = "0"
            resources.pids = 17
            resources.devices = [.init(allow: false, kind: .all)] + CgroupDeviceRule.defaults
            try group.apply(resources)
            let statistics = try group.statistics()
            #expect(statistics.memory.usage.limit == 64 << 20)
            #expect(statistics.pids.limit == 17)
            #expect(statistics.pids.current == 0)
            #expect(statistics.memory.oomKills == 0)
            // Raising both needs another order than lowering them.
            resources.memory.limit = 128 << 20
            resources.memory.swap = 256 << 20
            try group.apply(resources)
            #expect(try group.statistics().memory.usage.limit == 128 << 20)
            resources.memory.limit = 32 << 20
            resources.memory.swap = 32 << 20
            try group.apply(resources)
            #expect(try group.statistics().memory.usage.limit == 32 << 20)
        }
    }

    @Test func anUpdateIsWholeOrNothing() throws {
        try withGroup("update") { group in
            var resources = CgroupResources()
            resources.cpu.quota = 50_000
            resources.cpu.period = 100_000
            resources.cpu.burst = 40_000
            resources.pids = 17
            try group.apply(resources)
            // The kernel takes the smaller quota only after the smaller burst.
            resources = CgroupResources()
            resources.cpu.quota = 20_000
            resources.cpu.burst = 10_000
            try group.update(resources)
            resources.cpu.quota = 30_000
            resources.cpu.cpus = "4000"
            resources.pids = 5
            let error = try #require(throws: RuntimeError.self) { try group.update(resources) }
            #expect(error.description.hasPrefix("linux.resources.cpu.cpus: "), "\(error)")
            #expect(try group.statistics().pids.limit == 17)
            let folder = try #require(group.folder(of: "cpu")?.path)
            let quota = try readText("\(folder)/\(group.isUnified ? "cpu.max" : "cpu.cfs_quota_us")")
            #expect(quota.hasPrefix("20000"))
        }
    }

    @Test func onlyTheGroupsOwnFreezeCounts() throws {
        try withGroup("outer") { outer in
            let inner = Cgroup(
                folders: outer.folders.map { .init(controllers: $0.controllers, path: "\($0.path)/inner") })
            try inner.create()
            defer { try? inner.delete() }
            try outer.freeze()
            #expect(try outer.isFrozen())
            #expect(try !inner.isFrozen())
            try inner.freeze()
            #expect(try inner.isFrozen())
            try inner.thaw()
            #expect(try !inner.isFrozen())
            try outer.thaw()
        }
    }

    @Test func processesFreezeThawAndDie() throws {
        try withGroup("processes") { group in
            let pid = try sleeper()
            try group.addProcess(pid)
            #expect(try group.processes() == [pid])
            try group.freeze()
            #expect(try group.isFrozen())
            try group.thaw()
            #expect(try !group.isFrozen())
            #expect(throws: RuntimeError.self) { try group.create() }
            #expect(throws: RuntimeError.self) { try group.delete(timeout: 20) }
            try group.killAll()
            #expect(ended(pid))
            #expect(try group.processes().isEmpty)
        }
    }

    @Test(.enabled(if: (try? CgroupLayout.detect())?.isUnified == false, "needs cgroup v1"))
    func aThreadEntersByItself() throws {
        let layout = try CgroupLayout.detect()
        // One thread of this program stands for a single-threaded one; it leaves again before the group goes.
        let own = CgroupLayout.membership(try readText("/proc/thread-self/cgroup"))
        let home = Cgroup(
            folders: layout.hierarchies.map { hierarchy in
                let path = own[hierarchy.controllers.joined(separator: ",")] ?? "/"
                return .init(
                    controllers: hierarchy.controllers,
                    path: path == "/" ? hierarchy.mountPoint : hierarchy.mountPoint + path)
            })
        try withGroup("entry") { group in
            let entry = try group.openEntry()
            #expect(entry.taskDescriptors.count == layout.hierarchies.count)
            #expect((entry.cloneDescriptor >= 0) == (layout.unified != nil))
            try entry.enter()
            let inside = CgroupLayout.membership(try readText("/proc/thread-self/cgroup"))
            try home.openEntry().enter()
            for folder in group.folders where !folder.controllers.isEmpty {
                let path = try #require(inside[folder.controllers.joined(separator: ",")])
                #expect(folder.path.hasSuffix(path) && path != "/", "\(folder.path) \(path)")
            }
        }
    }

    @Test func frozenProcessesAreKilledToo() throws {
        try withGroup("frozen") { group in
            let pid = try sleeper()
            try group.addProcess(pid)
            try group.freeze()
            try group.killAll()
            try group.thaw()
            #expect(ended(pid))
        }
    }

    @Test func groupsBelowAreDeletedWithIt() throws {
        try withGroup("nested") { group in
            for folder in group.folders {
                #expect(mkdir("\(folder.path)/child", 0o755) == 0)
                #expect(mkdir("\(folder.path)/child/grandchild", 0o755) == 0)
            }
        }
    }

    @Test func missingControllersAreNamed() throws {
        try withGroup("missing") { group in
            var resources = CgroupResources()
            resources.hugepageLimits = [.init(pageSize: "3MB", limit: 1)]
            let error = try #require(throws: RuntimeError.self) { try group.apply(resources) }
            #expect(error.code == .unsupported)
            #expect(error.description.hasPrefix("linux.resources.hugepageLimits: "))
            // -1 needs nothing, so a missing file is no error.
            resources.hugepageLimits = []
            resources.memory.limit = -1
            resources.memory.swap = -1
            try group.apply(resources)
        }
    }

    @Test func parentsAreMadeAndCpusetsInherited() throws {
        let name = "hako-test-\(getpid())-deep"
        let group = try Cgroup(path: "/\(name)/a/b", id: "", layout: try .detect())
        let outer = try Cgroup(path: "/\(name)", id: "", layout: try .detect())
        defer { try? outer.delete() }
        try group.create()
        let pid = try sleeper()
        try group.addProcess(pid)
        #expect(try group.processes() == [pid])
        #expect(try outer.processes() == [pid])
        try outer.killAll()
        #expect(ended(pid))
        try outer.delete()
        #expect(try group.processes().isEmpty)
    }

    @Test(.enabled(if: (try? CgroupLayout.detect())?.unified != nil, "needs a cgroup v2 hierarchy"))
    func aDeviceProgramDecides() throws {
        let unified = try #require(try CgroupLayout.detect().unified)
        let group = Cgroup(folders: [.init(controllers: [], path: "\(unified.mountPoint)/hako-test-\(getpid())-bpf")])
        try group.create()
        defer { try? group.delete() }
        let rules = [CgroupDeviceRule(allow: false, kind: .all)] + CgroupDeviceRule.defaults
        let noZeroReading = [CgroupDeviceRule(allow: false, kind: .character, major: 1, minor: 5, access: "r")]
        for (update, expected) in [([], "null zero"), (noZeroReading, "null"), ([], "null zero")] {
            var resources = CgroupResources()
            resources.devices = rules + update
            try group.apply(resources)
            let script = """
                echo 0 > \(group.folders[0].path)/cgroup.procs || exit 9
                test -e /dev/kmsg && (: < /dev/kmsg) 2>/dev/null && exit 8
                (: < /dev/null) 2>/dev/null || exit 7
                (: > /dev/zero) || exit 6
                (: < /dev/zero) 2>/dev/null && exit 1
                exit 0
                """
            #expect(try shell(script) == (expected == "null zero" ? 1 : 0), "\(expected)")
        }
    }

    /// The exit status of a shell script.
    func shell(_ script: String) throws -> Int32 {
        var pid: pid_t = 0
        let words: [UnsafeMutablePointer<CChar>?] = [strdup("sh"), strdup("-c"), strdup(script), nil]
        defer { for word in words { free(word) } }
        try #require(posix_spawnp(&pid, "sh", nil, nil, words, environ) == 0)
        var status: Int32 = 0
        try #require(waitpid(pid, &status, 0) == pid)
        return status >> 8 & 0xff
    }
}
