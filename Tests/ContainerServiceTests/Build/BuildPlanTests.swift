import ContentStore
import Dockerfile
import Linux
import Metadata
import OCISpec
import Support
import Testing

@testable import ContainerService

/// Stages, variables and keys of builds.
@Suite struct BuildPlanTests {
    private func request(_ text: String, _ change: (inout BuildRequest) -> Void = { _ in }) throws -> BuildRequest {
        var request = BuildRequest(
            dockerfile: try Dockerfile(Array(text.utf8)), context: BuildContext(try RootDirectory(opening: "/")))
        change(&request)
        return request
    }

    private let stages = """
        ARG V=3
        FROM debian:$V AS one
        FROM one AS two
        FROM busybox
        COPY --from=two /x /
        RUN --mount=from=0,target=/m true
        FROM scratch AS four
        """

    @Test func onlyWhatTheTargetNeedsIsPlanned() throws {
        #expect(try BuildPlan(try request(stages)).nodes.keys.sorted() == [3])
        let plan = try BuildPlan(try request(stages) { $0.target = "2" })
        #expect(plan.nodes.keys.sorted() == [0, 1, 2])
        #expect(plan.nodes[2]?.needs == [0, 1] && plan.nodes[2]?.base == .image("busybox"))
        #expect(plan.nodes[0]?.base == .image("debian:3") && plan.nodes[1]?.base == .stage(0))
        #expect(
            try BuildPlan(
                try request(stages) {
                    $0.arguments["V"] = "9"; $0.target = "ONE"
                }
            ).nodes[0]?.base == .image("debian:9"))
        #expect(throws: RuntimeError.self) { try BuildPlan(try request(stages) { $0.target = "none" }) }
    }

    @Test func anEmptyImageNameIsAFault() throws {
        let error = #expect(throws: DockerfileError.self) { try BuildPlan(try request("FROM a\nFROM $NO")) }
        #expect(error?.line == 2)
    }

    @Test func environmentWinsOverArguments() throws {
        let globals = try BuildVariables(
            globals: try request("ARG G=1\nFROM a") { $0.arguments = ["X": "given", "http_proxy": "p"] })
        var variables = globals.stage(environment: ["PATH=/bin", "A=base"])
        #expect(variables.value("A") == "base" && variables.value("G") == nil && variables.value("X") == nil)
        variables.declare("G", nil)
        variables.declare("X", "default")
        variables.declare("A", "argument")
        variables.declare("TARGETOS", nil)
        #expect(variables.value("G") == "1" && variables.value("X") == "given" && variables.value("A") == "base")
        #expect(variables.value("TARGETOS") == "linux")
        variables.set("X", "environment")
        #expect(variables.list == ["PATH=/bin", "A=base", "X=environment"])
        #expect(variables.commandArguments.map(\.name) == ["G", "TARGETOS", "http_proxy"])
        // A proxy that nobody declared decides nothing.
        #expect(variables.cachedArguments.map(\.name) == ["G", "TARGETOS"])
        #expect(globals.stage(environment: [], from: variables).value("G") == "1")
    }

    @Test func keysTellFieldsApart() throws {
        func key(_ change: (inout CacheKey) -> Void) throws -> String {
            var key = CacheKey("x")
            change(&key)
            return try key.finish()
        }
        let keys = [
            try key { $0.add("a", "bc") }, try key { $0.add("ab", "c") }, try key { $0.add("a", ["b", "c"]) },
            try key { $0.add("a", ["bc"]) }, try key { $0.add("a", ["b c"]) }, try key { _ in },
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test func recordsSurviveAndMalformedOnesAreNone() throws {
        let folder = try TemporaryFolder()
        let content = try ContentStore(opening: "\(folder.path)/content")
        let cache = BuildCache(content)
        let digest = try Digest("sha256:" + String(repeating: "b", count: 64))
        let record = BuildCache.Record(
            diffID: digest, chainID: digest.hex,
            blob: ContentDescriptor(mediaType: .ociLayerGzip, digest: digest, size: 9))
        cache.note("k", record)
        cache.note("empty", BuildCache.Record())
        try cache.save()
        let again = BuildCache(content)
        #expect(again.find("k") == record && again.find("empty") == BuildCache.Record() && again.find("other") == nil)
        try content.metadata().putCache(
            "k", value: Array("{\"version\":1,\"diffID\":\"x\"}".utf8), keeping: [], size: 0)
        #expect(BuildCache(content).find("k") == nil)
        #expect(try again.prune() == 2 && BuildCache(content).find("empty") == nil)
    }

    @Test(arguments: [
        ("a", "/w", "/w/a"), ("/a/./b//c", "/w", "/a/b/c"), ("../../x", "/w", "/x"), ("", "", "/"), (".", "/w/", "/w"),
    ])
    func paths(path: String, folder: String, whole: String) {
        #expect(StageBuilder.absolute(path, from: folder) == whole)
    }
}
