import ContentStore
import Glibc
import Linux
import OCISpec
import Support
import Testing

@testable import RegistryClient

@Suite struct MirrorTests {
    static let manifest: FaultyServer.Answer = { _, connection in
        connection.reply("200 OK", AuthorizationTests.document, ["Content-Type: \(MediaType.ociManifest)"])
    }

    /// Asks `registry.example`, with plain HTTP, for a manifest by what `file` says.
    func ask(
        _ file: String, times: Int = 1, credential: @escaping RegistryClient.Credentials = { _ in nil },
        _ body: (RegistryClient, ImageReference) async throws -> Void
    ) async throws {
        let folder = "/tmp/hako-mirror-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { try? removeTree(folder) }
        try makeDirectories("\(folder)/registry.example")
        try writeAtomically(Array(file.utf8), to: "\(folder)/registry.example/hosts.toml")
        var options = RegistryOptions.patient
        options.backOff = 0.01
        options.attempts = 1
        options.hostFolders = [folder]
        let client = TestClients.keep(RegistryClient(options: options, credentials: credential))
        do { try await body(client, try ImageReference("registry.example/a/b:1")) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    @Test func mirrorsComeFirstAndHaveTheirOwnLogin() async throws {
        let mirror = try FaultyServer { request, connection in
            if request.headers["authorization"] == nil {
                return connection.reply("401 Unauthorized", [], ["WWW-Authenticate: Basic realm=\"x\""])
            }
            Self.manifest(request, connection)
        }
        defer { mirror.stop() }
        let asked = Texts()
        let file = """
            server = "http://127.0.0.1:1"
            [host."http://127.0.0.1:\(mirror.port)/cache"]
            [host."http://127.0.0.1:\(mirror.port)/cache".header]
            x-mine = "yes"
            """
        try await ask(
            file,
            credential: { name in
                asked.add(name)
                return RegistryCredential(user: "m", password: "p")
            }
        ) { client, reference in
            let document = try await client.manifest(reference)
            #expect(document.bytes == AuthorizationTests.document)
        }
        #expect(asked.all == ["127.0.0.1:\(mirror.port)"])
        #expect(
            mirror.requests.map(\.path) == Array(repeating: "/cache/v2/a/b/manifests/1?ns=registry.example", count: 2))
        #expect(mirror.requests.allSatisfy { $0.headers["x-mine"] == "yes" })
    }

    @Test func deadMirrorsArePassedOver() async throws {
        let server = try FaultyServer(Self.manifest)
        defer { server.stop() }
        let lacking = try FaultyServer { _, connection in connection.reply("404 Not Found") }
        defer { lacking.stop() }
        let file = """
            server = "http://127.0.0.1:\(server.port)"
            [host."http://127.0.0.1:1"]
            [host."http://127.0.0.1:\(lacking.port)"]
            """
        try await ask(file) { client, reference in
            _ = try await client.manifest(reference)
            let hosts = try client.hosts(reference)
            #expect(client.isResting(hosts[0]) && !client.isResting(hosts[1]))
            _ = try await client.manifest(reference)
        }
        #expect(server.requests.count == 2 && lacking.requests.count == 2)
    }

    @Test func everyFailureIsTold() async throws {
        let file = """
            server = "http://127.0.0.1:2"
            [host."http://127.0.0.1:1"]
            """
        let error = await #expect(throws: RuntimeError.self) {
            try await ask(file) { client, reference in _ = try await client.manifest(reference) }
        }
        let text = error?.description ?? ""
        #expect(text.contains("registry 127.0.0.1:2: connect") && text.contains("mirror 127.0.0.1:1"), "\(text)")
    }

    @Test func mirrorsAreAskedOnlyForWhatTheyMay() async throws {
        let server = try FaultyServer { request, connection in
            if request.method == "GET" { return Self.manifest(request, connection) }
            connection.reply("201 Created")
        }
        defer { server.stop() }
        let mirror = try FaultyServer(Self.manifest)
        defer { mirror.stop() }
        let file = """
            server = "http://127.0.0.1:\(server.port)"
            [host."http://127.0.0.1:\(mirror.port)"]
            capabilities = ["pull"]
            """
        try await ask(file) { client, reference in
            _ = try await client.manifest(reference)
            #expect(mirror.requests.isEmpty)
            let digest = try ContentHash.digest(of: AuthorizationTests.document)
            _ = try await client.manifest(reference.at(digest))
            #expect(mirror.requests.count == 1)
            try await client.putManifest(AuthorizationTests.document, .ociManifest, to: reference)
            #expect(mirror.requests.count == 1 && server.requests.map(\.method) == ["GET", "PUT"])
        }
        let none = "[host.\"http://127.0.0.1:\(mirror.port)\"]\ncapabilities = [\"pull\"]"
        try await ask("capabilities = [\"pull\"]\n" + none) { client, reference in
            let error = await #expect(throws: RuntimeError.self) {
                try await client.putManifest(AuthorizationTests.document, .ociManifest, to: reference)
            }
            #expect(error?.description.contains("none of its hosts is configured to push") == true)
        }
    }

    @Test func proxiesAreGoneThrough() async throws {
        let proxy = try FaultyServer(Self.manifest)
        defer { proxy.stop() }
        var options = RegistryOptions.patient
        options.attempts = 1
        options.plainRegistries = ["registry.example:5000"]
        options.proxies = ProxySettings(environment: ["HTTP_PROXY": "http://u:p@127.0.0.1:\(proxy.port)"])
        let client = TestClients.keep(RegistryClient(options: options))
        _ = try await client.manifest(try ImageReference("registry.example:5000/a/b:1"))
        await client.shutdown()
        #expect(proxy.requests.map(\.path) == ["registry.example:5000", "/v2/a/b/manifests/1"])
        #expect(proxy.requests.map(\.method) == ["CONNECT", "GET"])
        #expect(proxy.requests.map { $0.headers["proxy-authorization"] } == ["Basic dTpw", nil])
    }
}
