import Testing

@testable import DockerAPI

@Suite struct RoutingTests {
    private let router = Router(
        routes: [
            Route("GET", "/images/json") { _ in }, Route("GET", "/images/{name...}/json") { _ in },
            Route("DELETE", "/images/{name...}") { _ in }, Route("POST", "/containers/{id}/start") { _ in },
        ], log: { _ in })

    private func find(_ method: String, _ path: String) throws -> (String, [String: String]) {
        let (route, values) = try router.find(method, path.split(separator: "/").map(String.init)[...])
        return (route.pattern, values)
    }

    @Test func `names of images may hold slashes`() throws {
        #expect(try find("GET", "/images/json").0 == "/images/json")
        let (pattern, values) = try find("GET", "/images/127.0.0.1:5000/a/b:1/json")
        #expect(pattern == "/images/{name...}/json")
        #expect(values == ["name": "127.0.0.1:5000/a/b:1"])
        #expect(try find("DELETE", "/images/a/json").1 == ["name": "a/json"])
        #expect(try find("POST", "/containers/abc/start").1 == ["id": "abc"])
        #expect(try find("HEAD", "/images/json").0 == "/images/json")
    }

    @Test(arguments: [
        ("GET", "/containers/a/start", 405), ("GET", "/nothing", 404), ("POST", "/containers//start", 404),
        ("POST", "/containers/a/b/start", 404),
    ])
    func `what is not there is told so`(method: String, path: String, status: Int) throws {
        let error = #expect(throws: APIError.self) { try find(method, path) }
        #expect(error?.status == status)
    }

    @Test func `versions are read from a path's first step`() {
        #expect(APIVersion(step: "v1.43") == APIVersion(major: 1, minor: 43))
        for step in ["1.43", "v1", "v1.2.3", "v1.x", "v-1.2", "volumes", "v.", ""] {
            #expect(APIVersion(step: step) == nil, "\(step)")
        }
    }

    @Test(arguments: [("v1.23", "too old"), ("v1.52", "too new"), ("v2.0", "too new")])
    func `a version that is not spoken is refused in docker's words`(step: String, words: String) throws {
        let version = try #require(APIVersion(step: step))
        let error = #expect(throws: APIError.self) { try version.check() }
        #expect(error?.status == 400)
        #expect(error?.message.contains(words) == true)
    }

    @Test(arguments: ["v1.24", "v1.51"]) func `a version that is spoken is let through`(step: String) throws {
        try #require(APIVersion(step: step)).check()
    }

    @Test func `queries are decoded once`() throws {
        let query = try Query("a=1%2B2+3&b&c=%25&t=true&f=0&a=second&n=12")
        #expect(query.text("a") == "1+2 3")
        #expect(query.all("a") == ["1+2 3", "second"])
        #expect(query.text("b") == nil)
        #expect(query.contains("b"))
        #expect(query.text("c") == "%")
        #expect(query.flag("t"))
        #expect(!query.flag("f"))
        #expect(!query.flag("absent"))
        #expect(try query.integer("n", as: Int.self) == 12)
        #expect(throws: APIError.self) { try query.integer("a", as: Int.self) }
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "a=%ff", "%00=1"])
    func `malformed queries are refused`(text: String) {
        #expect(throws: APIError.self) { try Query(text) }
    }

    @Test func `filters come in two forms`() throws {
        let lists = try APIFilters(
            Query(#"filters={"label":["a=b"],"dangling":["true"]}"#), known: ["label", "dangling"])
        #expect(lists.passesLabels(["a": "b"]))
        #expect(!lists.passesLabels(["a": "c"]))
        #expect(try lists.flag("dangling") == true)
        let maps = try APIFilters(Query(#"filters={"label":{"a":true,"c":false}}"#), known: ["label"])
        #expect(maps.all("label") == ["a"])
        #expect(throws: APIError.self) { try APIFilters(Query(#"filters={"x":["1"]}"#), known: ["label"]) }
        #expect(throws: APIError.self) { try APIFilters(Query("filters=[]"), known: ["label"]) }
    }

    @Test func `a stream's pieces carry their length`() {
        #expect(StreamFraming.frame([1, 2, 3], isError: false) == [1, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3])
        #expect(
            StreamFraming.frame(Array(repeating: 7, count: 300), isError: true).prefix(8) == [2, 0, 0, 0, 0, 0, 1, 44])
    }

    @Test(arguments: [
        (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (180, "3 minutes"),
        (3600, "About an hour"), (7200, "2 hours"), (172_800, "2 days"),
    ])
    func `spans read as docker's`(seconds: Int64, text: String) {
        #expect(Durations.text(seconds) == text)
    }
}
