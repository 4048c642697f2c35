import ContentStore
import Glibc
import Linux
import OCISpec
import Support
import Synchronization
import Testing

@testable import RegistryClient

/// A registry's side of an upload, kept by the tests' own server.
final class UploadState: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    var all: [UInt8] { bytes.withLock { $0 } }
    func append(_ part: [UInt8]) { bytes.withLock { $0 += part } }
    func clear() { bytes.withLock { $0 = [] } }
}

@Suite struct PushFaultTests {
    let blob: [UInt8] = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 8) }

    func options(_ change: (inout RegistryOptions) -> Void = { _ in }) -> RegistryOptions {
        var options = RegistryOptions.patient
        options.backOff = 0.01
        options.attempts = 3
        options.longestPause = 0.2
        change(&options)
        return options
    }

    /// Pushes `blob` to a server.
    func push(
        damaged: Bool = false, credential: RegistryCredential? = nil, mountableFrom sources: [String] = [],
        reading limit: Int = .max, _ options: RegistryOptions? = nil, _ answer: @escaping FaultyServer.Answer
    ) async throws -> (outcome: Result<BlobPush, any Error>, requests: [SeenRequest]) {
        let folder = "/tmp/hako-push-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { try? removeTree(folder) }
        let store = try ContentStore(opening: folder)
        let digest = try store.write(blob)
        let content = ContentDescriptor(mediaType: .ociLayer, digest: digest, size: Int64(blob.count))
        if damaged {
            var wrong = blob
            wrong[3] ^= 1
            try writeAtomically(wrong, to: store.blobPath(digest))
        }
        let server = try FaultyServer(reading: limit, answer)
        defer { server.stop() }
        let client = TestClients.keep(
            RegistryClient(options: options ?? self.options(), credentials: { _ in credential }))
        let reference = try ImageReference("127.0.0.1:\(server.port)/a/b")
        var outcome: Result<BlobPush, any Error>
        do {
            outcome = .success(try await client.push(content, from: store, to: reference, mountableFrom: sources))
        } catch {
            outcome = .failure(error)
        }
        await client.shutdown()
        return (outcome, server.requests)
    }

    func text<T>(_ outcome: Result<T, any Error>) -> String {
        if case .failure(let error) = outcome { "\(error)" } else { "no error" }
    }

    @Test func presentBlobsAreNotSent() async throws {
        let size = blob.count
        let result = try await push { _, connection in connection.head("200 OK", ["Content-Length: \(size)"]) }
        #expect(try result.outcome.get() == .present)
        #expect(result.requests.map(\.method) == ["HEAD"])
    }

    @Test func allIsSentAtOnce() async throws {
        let result = try await push { request, connection in
            switch request.method {
            case "HEAD": connection.reply("404 Not Found")
            case "POST": connection.reply("202 Accepted", [], ["Location: /v2/a/b/blobs/uploads/1?_state=x"])
            default: connection.reply("201 Created")
            }
        }
        #expect(try result.outcome.get() == .uploaded)
        #expect(result.requests.map(\.method) == ["HEAD", "POST", "PUT"])
        #expect(result.requests[2].body == blob)
        let digest = try ContentHash.digest(of: blob)
        #expect(result.requests[2].path == "/v2/a/b/blobs/uploads/1?_state=x&digest=\(digest)")
    }

    @Test func mountsAreTried() async throws {
        let result = try await push(mountableFrom: ["x/y", "a/b", "c"]) { request, connection in
            if request.method == "HEAD" { return connection.reply("404 Not Found") }
            connection.reply(request.path.contains("from=c") ? "201 Created" : "202 Accepted", [], ["Location: /u"])
        }
        #expect(try result.outcome.get() == .mounted(from: "c"))
        #expect(result.requests.map(\.method) == ["HEAD", "POST", "POST"])
        #expect(result.requests[1].path.hasSuffix("from=x/y"))
    }

    @Test func refusedMountsAreUploads() async throws {
        let result = try await push(mountableFrom: ["x/y"]) { request, connection in
            switch request.method {
            case "HEAD": connection.reply("404 Not Found")
            case "POST" where request.path.contains("mount="): connection.reply("403 Forbidden")
            case "POST": connection.reply("202 Accepted", [], ["Location: /u"])
            default: connection.reply("201 Created")
            }
        }
        #expect(try result.outcome.get() == .uploaded)
    }

    @Test func dropsAreGoneOnWith() async throws {
        let kept = UploadState()
        let size = blob.count
        // Half of what is sent arrives, again and again.
        let result = try await push(reading: 1_500_000) { request, connection in
            switch request.method {
            case "HEAD": connection.reply("404 Not Found")
            case "POST": connection.reply("202 Accepted", [], ["Location: /u"])
            case "GET":
                connection.reply(
                    "204 No Content", [], ["Location: /u", "Range: 0-\(max(kept.all.count - 1, 0))"])
            default:
                if let range = request.headers["content-range"] { #expect(range.hasPrefix("\(kept.all.count)-")) }
                kept.append(request.body)
                let isAll = request.body.count == request.headers["content-length"].flatMap { Int($0) }
                if !isAll { return }
                if request.method == "PUT" { return connection.reply("201 Created") }
                connection.reply("202 Accepted", [], ["Location: /u", "Range: 0-\(size - 1)"])
            }
        }
        #expect(try result.outcome.get() == .uploaded)
        #expect(kept.all == blob)
        #expect(result.requests.filter { $0.method == "PATCH" }.count == 3)
        #expect(result.requests.last?.method == "PUT" && result.requests.last?.body.isEmpty == true)
    }

    @Test func largeRequestsAreCutUp() async throws {
        let kept = UploadState()
        let result = try await push { request, connection in
            let length = request.headers["content-length"].flatMap { Int($0) } ?? 0
            switch request.method {
            case "HEAD": connection.reply("404 Not Found")
            case "POST":
                kept.clear()
                connection.reply("202 Accepted", [], ["Location: /u"])
            case _ where length > 2_000_000: connection.reply("413 Request Entity Too Large")
            case "PATCH":
                kept.append(request.body)
                connection.reply("202 Accepted", [], ["Location: /u", "Range: 0-\(kept.all.count - 1)"])
            default: connection.reply("201 Created")
            }
        }
        #expect(try result.outcome.get() == .uploaded)
        #expect(kept.all == blob)
        let never = try await push { request, connection in
            switch request.method {
            case "HEAD": connection.reply("404 Not Found")
            case "POST": connection.reply("202 Accepted", [], ["Location: /u"])
            default: connection.reply("413 Request Entity Too Large")
            }
        }
        #expect(text(never.outcome).contains("(413)"))
    }

    @Test func chunksOfTheSizeWanted() async throws {
        let kept = UploadState()
        let result = try await push(options { $0.uploadChunk = 1_000_000 }) { request, connection in
            switch request.method {
            case "HEAD": connection.reply("404 Not Found")
            case "POST": connection.reply("202 Accepted", [], ["Location: /u", "OCI-Chunk-Min-Length: 2000000"])
            case "PATCH":
                kept.append(request.body)
                connection.reply("202 Accepted", [], ["Location: /u2", "Range: 0-\(kept.all.count - 1)"])
            default: connection.reply("201 Created")
            }
        }
        #expect(try result.outcome.get() == .uploaded)
        #expect(kept.all == blob)
        #expect(
            result.requests.compactMap { $0.headers["content-range"] } == [
                "0-1999999", "2000000-3999999", "4000000-4999999",
            ])
        #expect(result.requests.filter { $0.method == "PATCH" }.map(\.path) == ["/u", "/u2", "/u2"])
    }

    @Test func lostSessionsAreBegunAnew() async throws {
        let count = Counter()
        let result = try await push { request, connection in
            switch request.method {
            case "HEAD": connection.reply("404 Not Found")
            case "POST": connection.reply("202 Accepted", [], ["Location: /u"])
            case "PUT": connection.reply(count.next() == 1 ? "404 Not Found" : "201 Created")
            default: connection.reply("404 Not Found")
            }
        }
        #expect(try result.outcome.get() == .uploaded)
        #expect(result.requests.filter { $0.method == "POST" }.count == 2)
    }

    @Test func damagedBlobsAreBlamedOnTheStore() async throws {
        let refusal = Array(#"{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match"}]}"#.utf8)
        for isDamaged in [false, true] {
            let result = try await push(damaged: isDamaged) { request, connection in
                switch request.method {
                case "HEAD": connection.reply("404 Not Found")
                case "POST": connection.reply("202 Accepted", [], ["Location: /u"])
                default: connection.reply("400 Bad Request", refusal)
                }
            }
            #expect(text(result.outcome).contains(isDamaged ? "damaged in the content store" : "did not match (400)"))
        }
    }

    @Test func loginsStayWithTheRegistry() async throws {
        let elsewhere = try FaultyServer { request, connection in
            connection.reply(
                request.headers["authorization"] == nil ? "401 Unauthorized" : "201 Created", [],
                ["WWW-Authenticate: Basic realm=\"give it to me\""])
        }
        defer { elsewhere.stop() }
        let result = try await push(credential: RegistryCredential(user: "u", password: "secret")) {
            request, connection in
            if request.headers["authorization"] == nil {
                return connection.reply("401 Unauthorized", [], ["WWW-Authenticate: Basic realm=\"x\""])
            }
            switch request.method {
            case "HEAD": connection.reply("404 Not Found")
            default: connection.reply("202 Accepted", [], ["Location: http://127.0.0.1:\(elsewhere.port)/u"])
            }
        }
        #expect(text(result.outcome).contains("(401)"))
        #expect(!elsewhere.requests.isEmpty && elsewhere.requests.allSatisfy { $0.headers["authorization"] == nil })
    }

    @Test func aDigestOtherThanSentIsToldOf() async throws {
        let result = try await push { request, connection in
            switch request.method {
            case "HEAD": connection.reply("404 Not Found")
            case "POST": connection.reply("202 Accepted", [], ["Location: /u"])
            default: connection.reply("201 Created", [], ["Docker-Content-Digest: sha256:0000"])
            }
        }
        #expect(text(result.outcome).contains("under another digest"))
    }

    @Test func uploadsToNowhereEnd() async throws {
        let nowhere = try await push { request, connection in
            connection.reply(request.method == "HEAD" ? "404 Not Found" : "202 Accepted")
        }
        #expect(text(nowhere.outcome).contains("doesn't say where"))
        let storm = try await push { request, connection in
            connection.reply(
                request.method == "HEAD" ? "404 Not Found" : "503 Service Unavailable", [], ["Retry-After: 0"])
        }
        #expect(text(storm.outcome).contains("(503)"))
        #expect(storm.requests.filter { $0.method == "POST" }.count == 3)
    }
}
