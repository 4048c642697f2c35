import Cgroups
import Testing

@Suite struct CgroupBelowTests {
    let group = Cgroup(folders: [
        .init(controllers: ["cpu", "cpuacct"], path: "/c/cpu/x"), .init(controllers: ["pids"], path: "/c/pids/x"),
        .init(controllers: [], path: "/c/unified/x"),
    ])

    func paths(_ words: String...) throws -> [String] { try group.below(words).folders.map(\.path) }

    @Test func aPathAloneIsForAllHierarchies() throws {
        #expect(try paths("sub") == ["/c/cpu/x/sub", "/c/pids/x/sub", "/c/unified/x/sub"])
        #expect(try paths("/a//./b/") == ["/c/cpu/x/a/b", "/c/pids/x/a/b", "/c/unified/x/a/b"])
        #expect(try paths("/") == group.folders.map(\.path))
    }

    @Test func controllersChooseHierarchies() throws {
        #expect(try paths("pids:sub") == ["/c/cpu/x", "/c/pids/x/sub", "/c/unified/x"])
        #expect(try paths("cpuacct,cpu:a", "pids:b") == ["/c/cpu/x/a", "/c/pids/x/b", "/c/unified/x"])
    }

    @Test func whatLeadsElsewhereIsRefused() {
        for words in [["../y"], ["pids:a/../../y"], ["rdma:a"], ["a", "b"], ["pids:a", "b"], ["pids:a:b"]] {
            #expect(throws: (any Error).self, "\(words)") { try group.below(words) }
        }
    }
}
