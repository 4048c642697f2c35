import RootFilesystem
import Testing

@Suite struct RootPathTests {
    @Test(arguments: [
        ("/b/rootfs", "/"), ("/b/rootfs/", "/"), ("/b/rootfs/mnt/x", "/mnt/x"), ("//b/./rootfs//mnt/../tmp", "/tmp"),
        ("/b/rootfs/../rootfs/x", "/x"),
    ])
    func pathsInsideCountFromTheRoot(path: String, inside: String) {
        #expect(RootPath("/b/rootfs").inside(path) == inside)
        #expect(RootPath("/c/../b//rootfs/.").inside(path) == inside)
    }

    @Test(arguments: ["/", "/b", "/b/rootfs2", "/b/rootfs/../x", "/c/rootfs", "b/rootfs/x", ""])
    func othersLieElsewhere(path: String) {
        #expect(RootPath("/b/rootfs").inside(path) == nil)
    }

    @Test func nothingCountsFromTheHostsRoot() {
        #expect(RootPath("/").inside("/mnt") == nil)
    }
}
