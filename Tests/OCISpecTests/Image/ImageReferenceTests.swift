import OCISpec
import Support
import Testing

@Suite struct ImageReferenceTests {
    static let digest = "sha256:" + String(repeating: "0f", count: 32)

    @Test(arguments: [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("user/app", "docker.io/user/app:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest"),
        ("index.docker.io/busybox", "docker.io/library/busybox:latest"),
        ("index.docker.io/library/busybox:x", "docker.io/library/busybox:x"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("127.0.0.1:5000/a/b/c:v1.0", "127.0.0.1:5000/a/b/c:v1.0"),
        ("[::1]:5000/app:t", "[::1]:5000/app:t"),
        ("[::1]/app", "[::1]/app:latest"),
        ("quay.io/org/app@\(digest)", "quay.io/org/app@\(digest)"),
        ("busybox:1.36@\(digest)", "docker.io/library/busybox:1.36@\(digest)"),
        ("app:5000", "docker.io/library/app:5000"),
        ("host:5000/app", "host:5000/app:latest"),
        ("Host/app", "Host/app:latest"),
        ("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest"),
        ("docker.io", "docker.io/library/docker.io:latest"),
        ("localhost", "docker.io/library/localhost:latest"),
        ("ghcr.io/a/b:_x", "ghcr.io/a/b:_x"),
        ("xn--n3h.com/app", "xn--n3h.com/app:latest"),
    ])
    func normalises(text: String, full: String) throws {
        #expect(try ImageReference(text).description == full)
        #expect(try ImageReference(full).description == full)
    }

    @Test(arguments: [
        ("", "empty"), ("Busybox", "lower case"), ("docker.io/Foo/bar", "lower case"), ("a//b", "empty part"),
        ("/a", "empty"),
        ("a/", "empty part"), ("a:", "after the colon"), ("a:.x", "tag"), ("a:b c", "tag"), ("a b", "no name"),
        ("a@sha256:12", "64"), ("a@md5:12", "unknown algorithm"), ("a@", "expected algorithm"), ("-a", "no name"),
        ("a..b", "no name"), ("a___b", "no name"), ("a-_b", "no name"), ("host:99999/a", "port"), ("host:/a", "port"),
        ("host:0/a", "port"), ("[::1/a", "]"), ("[xyz]:1/a", "IPv6"), ("-x.com/a", "registry host"),
        ("a..b.com/x", "registry host"),
        ("héllo", "no name"), (String(repeating: "a", count: 256), "longer than 255"),
        (String(repeating: "ab", count: 32), "image ID"), ("a:" + String(repeating: "t", count: 129), "128"),
        ("http://host/a", "port"), ("../etc/passwd", "registry host"), ("a/../b", "no name"), ("a\nb", "no name"),
    ])
    func refuses(text: String, expected: String) throws {
        let error = try #require(throws: RuntimeError.self, "\(text)") { _ = try ImageReference(text) }
        #expect(error.code == .invalidArgument)
        #expect(error.description.contains(expected), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test func familiarNames() throws {
        #expect(try ImageReference("docker.io/library/busybox").familiar == "busybox:latest")
        #expect(try ImageReference("docker.io/u/a:1").familiar == "u/a:1")
        #expect(try ImageReference("quay.io/u/a:1").familiar == "quay.io/u/a:1")
    }

    @Test(arguments: [
        ("localhost:5000/a", true), ("127.0.0.1:5000/a", true), ("127.8.9.10/a", true), ("[::1]:5000/a", true),
        ("x.localhost/a", true), ("127.0.0.1.example.com/a", false), ("128.0.0.1/a", false), ("localhost.com/a", false),
        ("127.0.0.999/a", false), ("busybox", false),
    ])
    func loopback(text: String, expected: Bool) throws {
        #expect(try ImageReference(text).isLoopback == expected)
    }

    @Test func mutatedReferencesNeverCrash() {
        let seeds = ["127.0.0.1:5000/a/b:v1@\(Self.digest)", "[::1]:5000/app:t", "library/busybox:1.36"]
        let alphabet = Array(":/@.[]-_aZ09 é%\u{0}".unicodeScalars)
        for round in 0..<20_000 {
            var text = Array(seeds[round % seeds.count].unicodeScalars)
            for _ in 0..<Int.random(in: 1...4) {
                text.insert(alphabet[Int.random(in: 0..<alphabet.count)], at: Int.random(in: 0...text.count))
                if Bool.random() { text.remove(at: Int.random(in: 0..<text.count)) }
            }
            var shown = String.UnicodeScalarView()
            shown.append(contentsOf: text)
            if let reference = try? ImageReference(String(shown)) {
                #expect((try? ImageReference(reference.description)) == reference, "\(String(shown))")
            }
        }
    }
}
