import Testing

@testable import Cgroups

@Suite struct CgroupLayoutTests {
    static let hybrid = """
        23 1 0:22 / / rw,relatime shared:1 - ext4 /dev/root rw
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
        33 31 0:30 /docker/abc /sys/fs/cgroup/memory rw,relatime shared:7 master:2 - cgroup cgroup rw,memory
        40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup systemd rw,xattr,release_agent=/x,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
        52 23 0:29 / /mnt/a\\040b rw - cgroup cgroup rw,cpu,cpuacct
        53 23 0:77 / /mnt/cgroup\\134x rw - cgroup cgroup rw,pids
        60 23 0:99 / /mnt/-\\040cgroup rw - tmpfs cgroup rw

        """

    @Test func mountsAreFound() {
        let layout = CgroupLayout(mountinfo: Array(Self.hybrid.utf8))
        #expect(
            layout.hierarchies == [
                .init(controllers: ["cpu", "cpuacct"], mountPoint: "/sys/fs/cgroup/cpu,cpuacct", root: "/"),
                .init(controllers: ["memory"], mountPoint: "/sys/fs/cgroup/memory", root: "/docker/abc"),
                .init(controllers: ["name=systemd"], mountPoint: "/sys/fs/cgroup/systemd", root: "/"),
                .init(controllers: ["pids"], mountPoint: "/mnt/cgroup\\x", root: "/"),
            ])
        #expect(layout.unified?.mountPoint == "/sys/fs/cgroup/unified")
        #expect(!layout.isUnified)
        #expect(layout.hierarchy(of: "cpuacct")?.mountPoint == "/sys/fs/cgroup/cpu,cpuacct")
    }

    @Test func brokenLinesAreNoHierarchies() {
        for text in ["", "\n", " - ", "- cgroup", "1 2 - cgroup cgroup rw,memory", "a b c / - cgroup2"] {
            let layout = CgroupLayout(mountinfo: Array(text.utf8))
            #expect(layout.hierarchies.isEmpty && layout.unified == nil, "\(text)")
        }
    }

    @Test func membershipIsByControllers() {
        let paths = CgroupLayout.membership("9:name=systemd:/\n4:cpu,cpuacct:/a:b/c\n0::/user.slice\n")
        #expect(paths == ["name=systemd": "/", "cpu,cpuacct": "/a:b/c", "": "/user.slice"])
    }

    @Test func pathsOfConfig() throws {
        let layout = CgroupLayout(mountinfo: Array(Self.hybrid.utf8))
        let made = try Cgroup(path: "/pod/one", id: "x", layout: layout)
        #expect(made.folders.map(\.path).contains("/sys/fs/cgroup/memory/pod/one"))
        #expect(made.folders.last?.path == "/sys/fs/cgroup/unified/pod/one")
        #expect(try Cgroup(path: nil, id: "x", layout: layout).folders[0].path == "/sys/fs/cgroup/cpu,cpuacct/hako-x")
        #expect(Cgroup(folders: made.folders) == made)
        for bad in ["/", "/a/../b", "..", "/./", "a\nb"] {
            #expect(throws: (any Error).self, "\(bad)") { try Cgroup(path: bad, id: "x", layout: layout) }
        }
    }
}
