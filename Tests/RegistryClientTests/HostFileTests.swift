import Glibc
import Linux
import OCISpec
import Support
import Testing

@testable import RegistryClient

@Suite struct HostFileTests {
    func read(_ text: String) throws -> TOMLTable { try TOMLReader.document(Array(text.utf8)) }

    func hosts(_ text: String, of registry: String = "docker.io") throws -> [HostFile.Entry] {
        try HostFile(
            Array(text.utf8), registry: registry, standard: .standard(registry, isPlain: false)
        ).hosts
    }

    @Test func tomlValues() throws {
        let table = try read(
            """
            # a comment
            a = "x\\u00e9\\n"   # behind a value
            b.c = 'C:\\new'
            "d e" = [ "1", [2, 0x],
            """.replacing("[2, 0x],", with: "[-2, 1_000], ] ") + "\n[t.\"u.v\"]\nw = true\ni = { k = {}, l = \"\" }\r\n"
        )
        #expect(table["a"] == .string("xé\n"))
        #expect(table.names == ["a", "b", "d e", "t"])
        guard case .table(let b)? = table["b"] else { return #expect(Bool(false), "b is a table") }
        #expect(b["c"] == .string("C:\\new"))
        #expect(table["d e"] == .array([.string("1"), .array([.integer(-2), .integer(1000)])]))
        guard case .table(let t)? = table["t"], case .table(let inner)? = t["u.v"] else {
            return #expect(Bool(false), "t.\"u.v\" is a table")
        }
        #expect(inner["w"] == .boolean(true))
    }

    @Test(arguments: [
        "a", "a =", "a = 1 b = 2", "a = 1\na = 2", "[t]\n[t]", "a = \"x", "a = \"x\ny\"", "a = \"\"\"x\"\"\"", "[[t]]",
        "a = 1.5", "a = 2020-01-01", "a = 01", "a = 1__0", "a = \"\\q\"", "a = \"\\ud800\"", "a = {b = 1",
        "a = {}\na.b = 1",
        "a = [1", "= 1", "a..b = 1", "a = \"\u{1}\"", "a = tru", "a = 1\n[a]\n",
    ])
    func malformedTOML(text: String) {
        #expect(throws: TOMLError.self) { _ = try read(text) }
    }

    @Test func tomlIsBounded() {
        #expect(throws: TOMLError.self) { _ = try read("a = " + String(repeating: "[", count: 100_000)) }
        #expect(throws: TOMLError.self) { _ = try read("a" + String(repeating: ".a", count: 1000) + " = 1") }
        #expect(throws: TOMLError.self) { _ = try TOMLReader.document([UInt8](repeating: 10, count: 2 << 20)) }
        #expect(throws: TOMLError.self) { _ = try TOMLReader.document([0x61, 0x3d, 0x22, 0xff, 0x22]) }
    }

    @Test func hostsAreReadInTheirOrder() throws {
        let found = try hosts(
            """
            server = "https://registry-1.docker.io"
            [host."https://mirror.example:5000/hub"]
              capabilities = ["pull", "resolve"]
              ca = "m.pem"
              client = [["c.pem", "k.pem"], "both.pem"]
              skip_verify = true
              dial_timeout = "1m1.5s"
              [host."https://mirror.example:5000/hub".header]
                x-one = "1"
                x-more = ["2", "3"]
            [host."http://10.0.0.1/v2/prefix/"]
              override_path = true
            """)
        #expect(
            found.map { $0.host.base.description } == [
                "https://mirror.example:5000/hub/v2", "http://10.0.0.1/v2/prefix", "https://registry-1.docker.io/v2",
            ])
        let mirror = found[0]
        #expect(mirror.host.capabilities == [.pull, .resolve])
        #expect(
            mirror.files
                == TLSFiles(
                    authorities: ["m.pem"],
                    clients: [.init(certificate: "c.pem", key: "k.pem"), .init(certificate: "both.pem", key: nil)],
                    skipsVerification: true))
        #expect(mirror.host.dialTimeout == 61.5)
        #expect(mirror.host.headers.map { "\($0.name)=\($0.value)" } == ["x-one=1", "x-more=2", "x-more=3"])
        #expect(mirror.host.mirrored == "docker.io" && found[2].host.mirrored == nil)
        #expect(mirror.host.loginName("docker.io") == "mirror.example:5000")
        #expect(mirror.host.address("a/b", query: ["x=1"]).target == "/hub/v2/a/b?x=1&ns=docker.io")
    }

    @Test func withoutServerTheRegistryIsTheLast() throws {
        let found = try hosts("[host.\"https://m.example\"]\n", of: "quay.io")
        #expect(found.map { $0.host.base.description } == ["https://m.example/v2", "https://quay.io/v2"])
        #expect(found.map { $0.host.capabilities } == [.all, .all])
    }

    @Test(arguments: [
        ("unknown = 1", "unknown: an unknown field"),
        ("[host.\"https://m\"]\ncapabilities = [\"fly\"]", "host.\"https://m\".capabilities: \"fly\""),
        ("skip_verify = \"yes\"", "skip_verify: expected true or false"),
        ("dial_timeout = \"fast\"", "dial_timeout: \"fast\" is no duration"),
        ("dial_timeout = 3", "dial_timeout: expected a duration"),
        ("server = \"ftp://x\"", "server: \"ftp://x\""),
        ("[header]\n\"a:b\" = \"c\"", "header.a:b: no valid HTTP header"),
        ("host = 1", "host: an unknown field"),
    ])
    func wrongFieldsAreNamed(text: String, part: String) {
        let error = #expect(throws: RuntimeError.self) { _ = try hosts(text) }
        #expect(error?.description.contains(part) == true, "\(error.map(\.description) ?? "")")
    }

    @Test func foldersAreFound() throws {
        let root = "/tmp/hako-hosts-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { try? removeTree(root) }
        for folder in [
            "one/a.example:5000", "two/a.example_5000_", "two/b.example", "two/_default", "two/127.0.0.1:5000",
        ] {
            try makeDirectories("\(root)/\(folder)")
        }
        func put(_ text: String, _ path: String) throws { try writeAtomically(Array(text.utf8), to: "\(root)/\(path)") }
        try put("[host.\"https://first.example\"]", "two/a.example_5000_/hosts.toml")
        try put("[host.\"https://second.example\"]", "one/a.example:5000/hosts.toml")
        try put("server = \"https://all.example\"", "two/_default/hosts.toml")
        let folders = HostFolders(folders: ["\(root)/one", "\(root)/two"], plainRegistries: [])
        func names(_ registry: String, _ isLoopback: Bool = false) throws -> [String] {
            try folders.hosts(for: registry, isLoopback: isLoopback).map(\.base.description)
        }
        #expect(try names("a.example:5000") == ["https://first.example/v2", "https://a.example:5000/v2"])
        #expect(try names("b.example") == ["https://b.example/v2"])
        #expect(try names("c.example") == ["https://all.example/v2"])
        // A folder without anything in it changes nothing, on loopback neither.
        #expect(try names("127.0.0.1:5000", true) == ["http://127.0.0.1:5000/v2"])
        try put("no certificate", "two/b.example/ca.crt")
        let error = #expect(throws: RuntimeError.self) { _ = try names("b.example") }
        #expect(error?.description.contains("ca.crt: holds no certificate in PEM") == true)
    }
}
