import ContentStore
import Glibc
import Linux
import OCISpec
import RegistryClient
import Support
import Synchronization
import Testing

/// Counts; safe from any thread.
final class Counter: Sendable {
    private let value = Mutex(0)
    func next() -> Int {
        value.withLock {
            $0 += 1; return $0
        }
    }
}

@Suite struct FaultyRegistryTests {
    let blob: [UInt8] = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    /// A client that gives up soon, but not for want of a thread in a busy test run unless `idle` says so.
    func client(_ credential: RegistryCredential? = nil, idle: Double = 600) -> RegistryClient {
        var options = RegistryOptions.patient
        options.backOff = 0.01
        options.attempts = 3
        options.idleTimeout = idle
        options.minimumRate = 10_000
        options.longestPause = 0.2
        return TestClients.keep(RegistryClient(options: options, credentials: { _ in credential }))
    }

    /// Fetches `blob` from a server into a store of its own.
    func fetch(
        size: Int? = nil, credential: RegistryCredential? = nil, left: Int = 0, idle: Double = 600,
        _ answer: @escaping FaultyServer.Answer
    ) async throws -> (outcome: Result<[UInt8], any Error>, requests: [SeenRequest], leftovers: [String]) {
        let folder = "/tmp/hako-faulty-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { try? removeTree(folder) }
        let store = try ContentStore(opening: folder)
        let content = ContentDescriptor(
            mediaType: .ociLayer, digest: try ContentHash.digest(of: blob), size: Int64(size ?? blob.count))
        if left > 0, case .begun(let ingest) = try store.ingest(content) { try ingest.append(Array(blob[..<left])) }
        let server = try FaultyServer(answer)
        defer { server.stop() }
        let client = client(credential, idle: idle)
        var outcome: Result<[UInt8], any Error>
        do {
            try await client.fetch(content, of: try ImageReference("127.0.0.1:\(server.port)/a/b"), into: store)
            outcome = .success(try store.read(content.digest, limit: 1 << 20))
        } catch {
            outcome = .failure(error)
        }
        await client.shutdown()
        return (outcome, server.requests, try directoryEntries("\(folder)/ingest"))
    }

    /// Asks a server for a manifest.
    func manifest(
        _ credential: RegistryCredential? = nil, _ answer: @escaping FaultyServer.Answer
    ) async throws -> (outcome: Result<FetchedDocument, any Error>, requests: [SeenRequest], port: Int) {
        let server = try FaultyServer(answer)
        defer { server.stop() }
        let client = client(credential)
        var outcome: Result<FetchedDocument, any Error>
        do {
            outcome = .success(try await client.manifest(try ImageReference("127.0.0.1:\(server.port)/a/b:1")))
        } catch {
            outcome = .failure(error)
        }
        await client.shutdown()
        return (outcome, server.requests, server.port)
    }

    func error<T>(_ outcome: Result<T, any Error>) -> String {
        if case .failure(let error) = outcome { "\(error)" } else { "no error" }
    }

    @Test func dropsAreResumedByRange() async throws {
        let blob = blob
        let result = try await fetch { request, connection in
            let start = request.headers["range"].flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
            let end = min(start + 150_000, blob.count)
            connection.head(
                start == 0 ? "200 OK" : "206 Partial Content",
                [
                    "Content-Length: \(blob.count - start)",
                    "Content-Range: bytes \(start)-\(blob.count - 1)/\(blob.count)",
                ])
            connection.send(Array(blob[start..<end]))
        }
        #expect(try result.outcome.get() == blob)
        let starts = result.requests.map { $0.headers["range"].flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0 }
        // How much of what was sent before a drop is kept may vary; each request must begin where that ends.
        #expect(starts.count >= 3 && starts[0] == 0 && starts.dropFirst().allSatisfy { $0 > 0 })
        #expect(zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 && $1 <= $0 + 150_000 })
        #expect(result.leftovers.isEmpty)
    }

    @Test func earlierDownloadIsGoneOnWith() async throws {
        let blob = blob
        let result = try await fetch(left: 100_000) { _, connection in
            connection.reply(
                "206 Partial Content", Array(blob[100_000...]), ["Content-Range: bytes 100000-399999/400000"])
        }
        #expect(try result.outcome.get() == blob)
        #expect(result.requests.map { $0.headers["range"] ?? "" } == ["bytes=100000-"])
    }

    @Test func registryWithoutRangesStartsAnew() async throws {
        let blob = blob
        let count = Counter()
        let result = try await fetch { _, connection in
            connection.head("200 OK", ["Content-Length: \(blob.count)"])
            connection.send(count.next() == 1 ? Array(blob[..<1000]) : blob)
        }
        #expect(try result.outcome.get() == blob)
    }

    @Test func wrongDigestIsRefused() async throws {
        var wrong = blob
        wrong[77] ^= 1
        let body = wrong
        let result = try await fetch { _, connection in connection.reply("200 OK", body) }
        #expect(error(result.outcome).contains("the content received has the digest"))
        #expect(result.requests.count == 1)
        #expect(result.leftovers.isEmpty)
    }

    @Test func wrongRestIsBroughtOnceMore() async throws {
        let blob = blob
        let count = Counter()
        let result = try await fetch(left: 1000) { _, connection in
            if count.next() == 1 {
                connection.reply(
                    "206 Partial Content", [UInt8](repeating: 0, count: blob.count - 1000),
                    ["Content-Range: bytes 1000-399999/400000"])
            } else {
                connection.reply("200 OK", blob)
            }
        }
        #expect(try result.outcome.get() == blob)
        #expect(result.requests.count == 2)
    }

    @Test func wrongSizeIsRefused() async throws {
        let blob = blob
        let result = try await fetch(size: blob.count - 1) { _, connection in connection.reply("200 OK", blob) }
        #expect(error(result.outcome).contains("400000 bytes announced where 399999 are due"))
        #expect(result.leftovers.isEmpty)
    }

    @Test func endlessBodyIsCut() async throws {
        let result = try await fetch { _, connection in
            connection.head("200 OK", ["Transfer-Encoding: chunked"])
            let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: 0, count: 0x10000) + Array("\r\n".utf8)
            while connection.send(chunk) {}
        }
        #expect(error(result.outcome).contains("more than the 400000 bytes announced"))
        #expect(result.leftovers.isEmpty)
    }

    @Test func silenceTimesOut() async throws {
        let result = try await fetch(idle: 1) { _, _ in sleep(5) }
        #expect(error(result.outcome).contains("nothing came for 1 s"))
        #expect(result.requests.count == 3)
    }

    @Test func drippingTimesOut() async throws {
        // Long against a pause of the server's on a busy machine, which would be silence.
        let result = try await fetch(idle: 4) { _, connection in
            connection.head("200 OK", ["Content-Length: 400000"])
            while connection.send([0]) { usleep(50_000) }
        }
        #expect(error(result.outcome).contains("less than 10000 bytes a second"))
    }

    @Test func redirectDropsCredentials() async throws {
        let blob = blob
        let other = try FaultyServer { _, connection in connection.reply("200 OK", blob) }
        defer { other.stop() }
        let result = try await fetch(credential: RegistryCredential(user: "u", password: "secret")) {
            request, connection in
            if request.headers["authorization"] == nil {
                connection.reply("401 Unauthorized", [], ["WWW-Authenticate: Basic realm=\"x\""])
            } else {
                connection.reply("307 Temporary Redirect", [], ["Location: http://127.0.0.1:\(other.port)/blob"])
            }
        }
        #expect(try result.outcome.get() == blob)
        #expect(result.requests.map { $0.headers["authorization"] } == [nil, "Basic dTpzZWNyZXQ="])
        #expect(other.requests.count == 1)
        #expect(other.requests.allSatisfy { $0.headers["authorization"] == nil })
    }

    @Test func redirectsEnd() async throws {
        let result = try await fetch { request, connection in
            connection.reply("302 Found", [], ["Location: \(request.path)x"])
        }
        #expect(error(result.outcome).contains("more than 5 redirects"))
        let nowhere = try await fetch { _, connection in
            connection.reply("302 Found", [], ["Location: file:///etc/passwd"])
        }
        #expect(error(nowhere.outcome).contains("a redirect to nowhere"))
    }

    @Test func tokensAreFetchedWithTheLogin() async throws {
        let text = Array(
            #"{"schemaVersion":2,"config":{"mediaType":"x","digest":"sha256:\#(String(repeating: "a", count: 64))","size":1},"layers":[]}"#
                .utf8)
        let result = try await manifest(RegistryCredential(user: "u", password: "p")) { request, connection in
            let host = request.headers["host"] ?? ""
            if request.path.hasPrefix("/token") {
                connection.reply("200 OK", Array(#"{"token":"good","expires_in":60}"#.utf8))
            } else if request.headers["authorization"] == "Bearer good" {
                connection.reply("200 OK", text, ["Content-Type: \(MediaType.ociManifest)"])
            } else {
                connection.reply(
                    "401 Unauthorized", [],
                    ["WWW-Authenticate: Bearer realm=\"http://\(host)/token\",service=\"s s\",scope=\"ignored\""])
            }
        }
        #expect(try result.outcome.get().bytes == text)
        #expect(result.requests.count == 3)
        let token = try #require(result.requests.first { $0.path.hasPrefix("/token") })
        #expect(token.path == "/token?scope=repository:a/b:pull&service=s%20s&account=u")
        #expect(token.headers["authorization"] == "Basic dTpw")
        #expect(result.requests[0].headers["accept"]?.contains(MediaType.dockerManifest.rawValue) == true)
    }

    @Test func refusedLoginIsExplained() async throws {
        let result = try await manifest { request, connection in
            connection.reply("401 Unauthorized", Array(#"{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}"#.utf8))
        }
        #expect(error(result.outcome).contains("no (401)"))
        #expect(error(result.outcome).contains("login"))
    }

    @Test func tooManyRequestsAreExplained() async throws {
        let result = try await manifest { _, connection in
            connection.reply("429 Too Many Requests", [], ["Retry-After: 100"])
        }
        #expect(error(result.outcome).contains("too many requests (429)"))
        #expect(error(result.outcome).contains("try again in 100 s"))
        #expect(result.requests.count == 1)
    }

    @Test func troubleIsTriedAgain() async throws {
        let result = try await manifest { _, connection in connection.reply("503 Service Unavailable") }
        #expect(error(result.outcome).contains("(503)"))
        #expect(result.requests.count == 3)
    }

    @Test func hugeManifestIsRefused() async throws {
        let result = try await manifest { _, connection in
            connection.reply("200 OK", [UInt8](repeating: 0x20, count: 10 << 20))
        }
        #expect(error(result.outcome).contains("a document of more than 4194304 bytes"))
    }

    @Test func manifestWithAnotherDigestIsRefused() async throws {
        let result = try await manifest { _, connection in
            connection.reply(
                "200 OK", Array("{}".utf8), ["Docker-Content-Digest: sha256:\(String(repeating: "0", count: 64))"])
        }
        #expect(error(result.outcome).contains("was due"))
    }

    @Test func nobodyThere() async throws {
        let client = client()
        let error = await #expect(throws: RuntimeError.self) {
            _ = try await client.manifest(try ImageReference("127.0.0.1:1/a:1"))
        }
        #expect(error?.code == .unavailable)
        #expect(
            error?.description.hasPrefix("registry 127.0.0.1:1: connect: ") == true, "\(error.map(\.description) ?? "")"
        )
        await client.shutdown()
    }
}
