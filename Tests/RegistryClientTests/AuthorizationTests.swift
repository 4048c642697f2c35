import ContentStore
import Glibc
import NIOHTTP1
import OCISpec
import Support
import Synchronization
import Testing

@testable import RegistryClient

/// Texts, collected from any thread.
final class Texts: Sendable {
    private let texts = Mutex<[String]>([])
    var all: [String] { texts.withLock { $0 } }
    func add(_ text: String) { texts.withLock { $0.append(text) } }
}

/// Keeps the clients of all tests: one that a failing test didn't shut down must not go, for that ends the process.
enum TestClients {
    private static let all = Mutex<[RegistryClient]>([])

    static func keep(_ client: RegistryClient) -> RegistryClient {
        all.withLock { $0.append(client) }
        return client
    }
}

@Suite struct AuthorizationTests {
    static let document = Array(
        #"{"schemaVersion":2,"config":{"mediaType":"x","digest":"sha256:\#(String(repeating: "a", count: 64))","size":1},"layers":[]}"#
            .utf8)

    /// A registry that wants the token `good` from a token server beside it.
    static func tokenRegistry(_ token: @escaping @Sendable (SeenRequest) -> String) -> FaultyServer.Answer {
        { request, connection in
            let host = request.headers["host"] ?? ""
            if request.path.hasPrefix("/token") {
                connection.reply("200 OK", Array(token(request).utf8))
            } else if request.headers["authorization"]?.hasPrefix("Bearer good") == true {
                connection.reply("200 OK", document, ["Content-Type: \(MediaType.ociManifest)"])
            } else {
                connection.reply(
                    "401 Unauthorized", [], ["WWW-Authenticate: Bearer realm=\"http://\(host)/token\",service=\"s\""])
            }
        }
    }

    func client(_ credential: RegistryCredential?, _ change: (inout RegistryOptions) -> Void = { _ in })
        -> RegistryClient
    {
        var options = RegistryOptions.patient
        options.backOff = 0.01
        options.attempts = 3
        options.longestPause = 0.2
        change(&options)
        return TestClients.keep(RegistryClient(options: options, credentials: { _ in credential }))
    }

    @Test func oneTokenServesManyRequests() async throws {
        let server = try FaultyServer(Self.tokenRegistry { _ in #"{"token":"good","expires_in":300}"# })
        defer { server.stop() }
        let client = client(RegistryCredential(user: "u", password: "p"))
        let reference = try ImageReference("127.0.0.1:\(server.port)/a/b:1")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { _ = try await client.manifest(reference) } }
            try await group.waitForAll()
        }
        _ = try await client.manifest(reference)
        await client.shutdown()
        #expect(server.requests.filter { $0.path.hasPrefix("/token") }.count == 1)
        #expect(server.requests.last?.headers["authorization"] == "Bearer good")
    }

    @Test func expiredTokensAreFetchedAnew() async throws {
        let count = Counter()
        let server = try FaultyServer(Self.tokenRegistry { _ in #"{"token":"good\#(count.next())","expires_in":1}"# })
        defer { server.stop() }
        let client = client(nil)
        let reference = try ImageReference("127.0.0.1:\(server.port)/a/b:1")
        _ = try await client.manifest(reference)
        _ = try await client.manifest(reference)
        await client.shutdown()
        let tokens = server.requests.compactMap { $0.headers["authorization"] }
        #expect(tokens == ["Bearer good1", "Bearer good2"])
        // Nobody who sends no login.
        #expect(
            server.requests.filter { $0.path.hasPrefix("/token") }.allSatisfy { $0.headers["authorization"] == nil })
    }

    @Test func identityTokensGoInTheBody() async throws {
        let server = try FaultyServer(Self.tokenRegistry { _ in #"{"access_token":"good","expires_in":300}"# })
        defer { server.stop() }
        let client = client(RegistryCredential(user: "", password: "", identityToken: "kept&"))
        _ = try await client.manifest(try ImageReference("127.0.0.1:\(server.port)/a/b:1"))
        await client.shutdown()
        let request = try #require(server.requests.first { $0.path.hasPrefix("/token") })
        #expect(request.method == "POST" && request.headers["authorization"] == nil)
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "grant_type=refresh_token&refresh_token=kept%26&client_id=hako&scope=repository:a/b:pull&service=s")
    }

    @Test func otherHostsChallengesAreNotAnswered() async throws {
        let thief = try FaultyServer { request, connection in
            let host = request.headers["host"] ?? ""
            connection.reply(
                request.path.hasPrefix("/token") ? "200 OK" : "401 Unauthorized", Array(#"{"token":"good"}"#.utf8),
                ["WWW-Authenticate: Bearer realm=\"http://\(host)/token\""])
        }
        defer { thief.stop() }
        let server = try FaultyServer { _, connection in
            connection.reply(
                "307 Temporary Redirect", [], ["Location: http://127.0.0.1:\(thief.port)/v2/a/b/manifests/1"])
        }
        defer { server.stop() }
        let client = client(RegistryCredential(user: "u", password: "secret"))
        await #expect(throws: RuntimeError.self) {
            _ = try await client.manifest(try ImageReference("127.0.0.1:\(server.port)/a/b:1"))
        }
        await client.shutdown()
        #expect(thief.requests.count == 1)
        #expect(thief.requests.allSatisfy { $0.headers["authorization"] == nil && !$0.path.hasPrefix("/token") })
    }

    @Test func loginsDontGoByPlainHTTPToStrangers() async throws {
        let server = try FaultyServer { _, connection in
            connection.reply("401 Unauthorized", [], ["WWW-Authenticate: Bearer realm=\"http://203.0.113.9/token\""])
        }
        defer { server.stop() }
        let client = client(RegistryCredential(user: "u", password: "secret"))
        let error = await #expect(throws: RuntimeError.self) {
            _ = try await client.manifest(try ImageReference("127.0.0.1:\(server.port)/a/b:1"))
        }
        await client.shutdown()
        #expect(error?.description.contains("its tokens come by plain HTTP (203.0.113.9)") == true)
    }

    @Test func pushesAskForTheRights() async throws {
        let server = try FaultyServer(Self.tokenRegistry { _ in #"{"token":"good"}"# })
        defer { server.stop() }
        let client = client(nil)
        let reference = try ImageReference("127.0.0.1:\(server.port)/a/b:1")
        try await client.putManifest(Self.document, .ociManifest, to: reference)
        try await client.deleteManifest(reference)
        await client.shutdown()
        let scopes = server.requests.filter { $0.path.hasPrefix("/token") }.map(\.path)
        #expect(
            scopes == [
                "/token?scope=repository:a/b:pull%2Cpush&service=s",
                "/token?scope=repository:a/b:pull%2Cdelete&service=s",
            ])
    }

    @Test func adviceNamesTheLogin() async throws {
        for (credential, part) in [
            (nil, "a login is needed: \"hako login 127.0.0.1:"),
            (RegistryCredential(user: "u", password: "p"), "has no right to push this"),
        ] {
            let server = try FaultyServer { request, connection in
                connection.reply(
                    request.headers["authorization"] == nil ? "401 Unauthorized" : "403 Forbidden",
                    Array(
                        #"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}"#.utf8),
                    ["WWW-Authenticate: Basic realm=\"x\""])
            }
            defer { server.stop() }
            let client = client(credential)
            let error = await #expect(throws: RuntimeError.self) {
                try await client.putManifest(
                    Self.document, .ociManifest, to: ImageReference("127.0.0.1:\(server.port)/a/b:1"))
            }
            await client.shutdown()
            let text = error?.description ?? ""
            #expect(error?.code == .permissionDenied)
            #expect(text.hasPrefix("registry 127.0.0.1:\(server.port): a/b:1: requested access"), "\(text)")
            #expect(text.contains(part), "\(text)")
        }
    }

    @Test func warningsAreShownOnce() async throws {
        let server = try FaultyServer { _, connection in
            connection.reply(
                "200 OK", Self.document,
                [
                    "Content-Type: \(MediaType.ociManifest)", "Warning: 299 - \"old \\\"thing\\\"\"",
                    "Warning: 199 - \"no\"",
                ])
        }
        defer { server.stop() }
        let texts = Texts()
        let client = client(nil) { $0.warn = { texts.add($0) } }
        let reference = try ImageReference("127.0.0.1:\(server.port)/a/b:1")
        for _ in 0..<2 { _ = try await client.manifest(reference) }
        await client.shutdown()
        #expect(texts.all == ["registry 127.0.0.1:\(server.port): old \"thing\""])
    }

    @Test func hugeHeadersAreRefused() async throws {
        let server = try FaultyServer { _, connection in
            connection.reply("200 OK", Self.document, ["X: \(String(repeating: "x", count: 4 << 20))"])
        }
        defer { server.stop() }
        let client = client(nil)
        await #expect(throws: RuntimeError.self) {
            _ = try await client.manifest(try ImageReference("127.0.0.1:\(server.port)/a/b:1"))
        }
        await client.shutdown()
    }

    @Test func logInChecks() async throws {
        let server = try FaultyServer { request, connection in
            let isRight = request.headers["authorization"] == "Basic dTpw"
            connection.reply(isRight ? "200 OK" : "401 Unauthorized", [], ["WWW-Authenticate: Basic realm=\"x\""])
        }
        defer { server.stop() }
        let client = client(nil)
        let right = RegistryCredential(user: "u", password: "p")
        #expect(try await client.verify(right, for: "127.0.0.1:\(server.port)") == right)
        let error = await #expect(throws: RuntimeError.self) {
            _ = try await client.verify(RegistryCredential(user: "u", password: "no"), for: "127.0.0.1:\(server.port)")
        }
        #expect(error?.description.contains("incorrect username or password") == true)
        await client.shutdown()
    }

    @Test func logInKeepsTheTokenInPlaceOfThePassword() async throws {
        let server = try FaultyServer(Self.tokenRegistry { _ in #"{"token":"good","refresh_token":"kept"}"# })
        defer { server.stop() }
        let client = client(nil)
        let kept = try await client.verify(
            RegistryCredential(user: "u", password: "p"), for: "127.0.0.1:\(server.port)")
        await client.shutdown()
        #expect(kept == RegistryCredential(user: "u", password: "", identityToken: "kept"))
        let request = try #require(server.requests.first { $0.path.hasPrefix("/token") })
        #expect(request.path == "/token?service=s&account=u&client_id=hako&offline_token=true")
        #expect(request.headers["authorization"] == "Basic dTpw")
    }
}
