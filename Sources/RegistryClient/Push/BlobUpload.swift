internal import ContentStore
internal import Linux
internal import NIOCore
internal import NIOHTTP1
internal import OCISpec
internal import Support

/// One blob on its way into a repository (OCI distribution specification, "Pushing blobs").
///
/// ```
///  begin ──▶ whole: PUT ──────────────────────────────▶ there
///    ▲          │ dropped        413: parts
///    │          ▼                   │
///    └───── where: GET ──▶ part: PATCH … ──▶ close: PUT ──▶ there
///   session    │              │ dropped, 416
///   is gone    ◀──────────────┘
/// ```
struct BlobUpload {
    private let client: RegistryClient
    private let content: ContentDescriptor
    private let reference: ImageReference
    private let file: SharedDescriptor
    private let progress: @Sendable (Int64) -> Void
    /// Where the registry wants the next bytes; nil before an upload was begun.
    private var location: Address?
    /// How many bytes the registry has.
    private var offset: Int64 = 0
    /// Bytes sent at a time; nil is all.
    private var chunk: Int64?

    /// Parts for a registry, or a proxy before it, that takes no larger requests.
    private static let refusedChunk: Int64 = 32 << 20
    private static let smallestChunk: Int64 = 1 << 20

    init(
        _ client: RegistryClient, _ content: ContentDescriptor, _ store: ContentStore, _ reference: ImageReference,
        _ progress: @escaping @Sendable (Int64) -> Void
    ) throws {
        guard store.contains(content) else {
            throw RuntimeError(.notFound, "blob \(content.digest): not in the content store; pull the image again")
        }
        self.client = client
        self.content = content
        self.reference = reference
        self.progress = progress
        file = SharedDescriptor(try store.open(content.digest))
        chunk = client.options.uploadChunk
    }

    /// Asks the registry to take the blob from another repository; where it won't, an upload is begun in the same step.
    mutating func mount(from source: String) async throws -> Bool {
        var request = RegistryRequest.changing(reference, .POST, "blobs/uploads/")
        request.query = ["mount=\(escaped(content.digest.description))", "from=\(escaped(source))"]
        request.scopes.append(RegistryRequest.scope(source, "pull"))
        request.body = .bytes(ByteBuffer())
        // A repository that we may not read is no reason not to push.
        request.expected = [401, 403, 404, 405]
        let answer = try await client.retrying { [client, request] in try await client.send(request) }
        try await drain(answer)
        if answer.status == 201 { return true }
        if answer.status == 202 { try take(answer) }
        return false
    }

    /// Sends the bytes, over as many connections as it takes within bounds.
    mutating func run() async throws {
        var stalled = 0
        for _ in 0..<1000 {
            let before = offset
            do {
                if try await step() { return }
            } catch let failure as RegistryFailure {
                try await locate()
                stalled = offset > before ? 1 : stalled + 1
                if stalled >= client.options.attempts { throw failure.error }
                try await client.pause(stalled, failure)
            }
        }
        throw RuntimeError(.unavailable, "\(shown): the upload of blob \(content.digest) gets no further")
    }

    private var shown: String { "registry \(client.address(reference, "").authority)" }

    /// One request; true where the blob is there.
    private mutating func step() async throws -> Bool {
        guard let location else {
            try await begin()
            return false
        }
        if offset == content.size { return try await close(location) }
        if offset == 0, chunk == nil || content.size <= chunk ?? 0 { return try await putWhole(location) }
        try await patch(location)
        return false
    }

    private mutating func begin() async throws {
        var request = RegistryRequest.changing(reference, .POST, "blobs/uploads/")
        request.body = .bytes(ByteBuffer())
        let answer = try await client.send(request)
        try await drain(answer)
        guard answer.status == 202 else { throw unexpected(answer) }
        offset = 0
        if let least = answer.headers.first(name: "OCI-Chunk-Min-Length").flatMap({ Int64($0) }), let own = chunk {
            chunk = max(own, min(least, content.size))
        }
        try take(answer)
    }

    /// Everything in one request.
    private mutating func putWhole(_ location: Address) async throws -> Bool {
        var request = request(.PUT, closing(location), part(offset, content.size))
        request.expected = [404, 413]
        return try await finished(request)
    }

    /// The end of an upload whose bytes are all there.
    private mutating func close(_ location: Address) async throws -> Bool {
        var request = request(.PUT, closing(location), .bytes(ByteBuffer()))
        request.expected = [404, 416]
        return try await finished(request)
    }

    private mutating func finished(_ request: RegistryRequest) async throws -> Bool {
        let answer = try await client.send(request)
        try await drain(answer)
        switch answer.status {
        case 404: throw gone()
        case 413:
            try shrink()
            return false
        case 416:
            try await locate()
            throw RegistryFailure(.unavailable, "\(shown): it lost a part of blob \(content.digest)")
        default: break
        }
        if let text = answer.headers.first(name: "Docker-Content-Digest"), text != content.digest.description {
            throw RuntimeError(
                .invalidState, "\(shown): it kept blob \(content.digest) under another digest (\(plainText(text)))")
        }
        progress(content.size)
        return true
    }

    private mutating func patch(_ location: Address) async throws {
        let end = min(offset + (chunk ?? content.size), content.size)
        var request = request(.PATCH, location, part(offset, end))
        request.headers.add(name: "Content-Range", value: "\(offset)-\(end - 1)")
        request.expected = [404, 413, 416]
        let answer = try await client.send(request)
        try await drain(answer)
        switch answer.status {
        case 404: throw gone()
        case 413: try shrink()
        case 416:
            throw RegistryFailure(.unavailable, "\(shown): it has another part of blob \(content.digest) than was sent")
        default:
            try take(answer)
            offset = Self.count(answer) ?? end
            guard offset <= content.size else { throw unexpected(answer) }
        }
    }

    /// Asks how far the registry is; a session that is gone is begun anew.
    private mutating func locate() async throws {
        guard let known = location else { return }
        var request = RegistryRequest.changing(reference, .GET, "blobs/uploads/")
        request.address = known
        location = nil
        offset = 0
        guard let answer = try? await client.send(request), answer.status == 204 else {
            try Task.checkCancellation()
            return
        }
        guard let count = Self.count(answer), count <= content.size else { return }
        try take(answer)
        offset = count
    }

    private mutating func gone() -> RegistryFailure {
        location = nil
        offset = 0
        return RegistryFailure(.unavailable, "\(shown): it forgot the upload of blob \(content.digest)")
    }

    /// Goes on in smaller parts.
    private mutating func shrink() throws {
        let next = min(chunk.map { $0 / 2 } ?? Self.refusedChunk, content.size / 2)
        guard next >= Self.smallestChunk else {
            throw RuntimeError(
                .resourceExhausted, "\(shown): it takes no parts of blobs as small as \(Self.smallestChunk) bytes (413)"
            )
        }
        chunk = next
        location = nil
        offset = 0
    }

    // MARK: Requests and answers

    private func request(_ method: HTTPMethod, _ address: Address, _ body: RequestBody) -> RegistryRequest {
        var request = RegistryRequest.changing(reference, method, "blobs/uploads/")
        request.address = address
        request.body = body
        request.headers.add(name: "Content-Type", value: "application/octet-stream")
        request.patience = client.options.commitTimeout
        return request
    }

    private func part(_ start: Int64, _ end: Int64) -> RequestBody {
        if start == end { return .bytes(ByteBuffer()) }
        return .file(
            FilePart(
                file: file, offset: start, count: end - start, shown: "blob \(content.digest)", progress: progress))
    }

    private func closing(_ location: Address) -> Address {
        let joint = location.target.contains("?") ? "&" : "?"
        return Address(
            isSecure: location.isSecure, authority: location.authority,
            target: "\(location.target)\(joint)digest=\(escaped(content.digest.description))")
    }

    /// Keeps where the registry wants to be spoken to next.
    private mutating func take(_ answer: Transport.Answer) throws {
        guard let text = answer.headers.first(name: "Location"),
            let next = Address(text, relativeTo: answer.address)
        else { throw RuntimeError(.unavailable, "\(shown): it doesn't say where blob \(content.digest) goes") }
        let asked = answer.address
        if asked.isSecure, !next.isSecure {
            // A registry behind a proxy that ends TLS may not know that it is.
            guard next.host.lowercased() == asked.host.lowercased() else {
                throw RuntimeError(.permissionDenied, "\(shown): it wants blobs by plain HTTP (\(next.authority))")
            }
            location = Address(isSecure: true, authority: asked.authority, target: next.target)
        } else {
            location = next
        }
    }

    /// `Range: 0-99` says that there are 100 bytes; `0-0`, which can mean none, counts as none.
    private static func count(_ answer: Transport.Answer) -> Int64? {
        guard var text = answer.headers.first(name: "Range") else { return nil }
        if text.hasPrefix("bytes=") { text.removeFirst("bytes=".count) }
        let ends = text.split(separator: "-")
        guard ends.count == 2, ends[0] == "0", let last = Int64(ends[1]), last >= 0, last < Int64.max else {
            return nil
        }
        return last == 0 ? 0 : last + 1
    }

    private func unexpected(_ answer: Transport.Answer) -> RuntimeError {
        RuntimeError(
            .unavailable, "\(shown): an unexpected answer to an upload (\(answer.status))")
    }

    private func drain(_ answer: Transport.Answer) async throws {
        _ = try await client.read(answer.response, limit: 64 << 10, from: answer.address.authority)
    }
}
