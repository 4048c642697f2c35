internal import AsyncHTTPClient
public import ContentStore
internal import NIOCore
internal import NIOHTTP1
public import OCISpec
internal import Support

extension RegistryClient {
    /// Brings a blob into the store unless it is there, going on where an earlier try stopped.
    ///
    /// A dropped connection is taken up again by a Range request; a registry that sends the wrong bytes, too many of
    /// them or none is an error, and what it sent is thrown away. Another process's download of the same blob is
    /// waited for.
    ///
    /// - Parameters:
    ///   - arrival: learns of the bytes as they come, for whoever reads them meanwhile.
    ///   - progress: called with the number of bytes that are there, after each piece.
    /// - Precondition: the caller holds a ``Lease`` of the store.
    public func fetch(
        _ content: ContentDescriptor, of reference: ImageReference, into store: ContentStore,
        arrival: BlobArrival = BlobArrival(), progress: @Sendable (Int64) -> Void = { _ in }
    ) async throws {
        while true {
            switch try store.ingest(content, arrival: arrival) {
            case .present:
                progress(content.size)
                return
            case .busy: try await Task.sleep(for: .milliseconds(100))
            case .begun(let ingest):
                let resumed = ingest.count > 0
                do {
                    try await fill(ingest, content, reference, progress)
                    return try await commit(ingest)
                } catch let error as RuntimeError where error.code == .invalidState {
                    // What an earlier try left may have been wrong: once more, from the first byte.
                    guard resumed else {
                        ingest.discard()
                        throw blame(error, reference)
                    }
                    try ingest.reset()
                }
                do {
                    try await fill(ingest, content, reference, progress)
                    return try await commit(ingest)
                } catch let error as RuntimeError where error.code == .invalidState {
                    ingest.discard()
                    throw blame(error, reference)
                }
            }
        }
    }

    /// Flushing waits for the disk, on a thread that nobody else needs.
    private func commit(_ ingest: Ingest) async throws {
        // SAFETY: this task waits, and uses the ingest again only when the thread is done with it.
        nonisolated(unsafe) let ingest = ingest
        try await onThread { try ingest.commit() }
    }

    private func blame(_ error: RuntimeError, _ reference: ImageReference) -> RuntimeError {
        RuntimeError(error.code, "registry \(address(reference, "").authority)", cause: error)
    }

    /// Streams until every byte is there, over as many connections as it takes within bounds.
    private func fill(
        _ ingest: Ingest, _ content: ContentDescriptor, _ reference: ImageReference,
        _ progress: @Sendable (Int64) -> Void
    ) async throws {
        var stalled = 0
        for _ in 0..<100 {
            let before = ingest.count
            do {
                return try await stream(ingest, content, reference, progress)
            } catch is RangeRefused {
                stalled += 1
                if stalled >= options.attempts { break }
                try ingest.reset()
            } catch let failure as RegistryFailure {
                stalled = ingest.count - before >= 64 << 10 ? 1 : stalled + 1
                if stalled >= options.attempts { throw failure.error }
                try await pause(stalled, failure)
            }
        }
        throw RuntimeError(
            .unavailable, "registry \(address(reference, "").authority): drops the connection again and again")
    }

    /// One request: the rest of the blob, or as much as the connection lives for.
    private func stream(
        _ ingest: Ingest, _ content: ContentDescriptor, _ reference: ImageReference,
        _ progress: @Sendable (Int64) -> Void
    ) async throws {
        if ingest.count == content.size, content.size > 0 { return }
        var headers = HTTPHeaders()
        if ingest.count > 0 { headers.add(name: "Range", value: "bytes=\(ingest.count)-") }
        let response = try await get(reference, "blobs/\(content.digest)", headers)
        let registry = address(reference, "").authority
        if response.status.code == 200 {
            if ingest.count > 0 { try ingest.reset() }
        } else if !startsAt(ingest.count, response.headers.first(name: "Content-Range")) {
            throw RangeRefused()
        }
        if let text = response.headers.first(name: "Content-Length"), let length = Int64(text),
            length != content.size - ingest.count
        {
            throw RuntimeError(
                .invalidState,
                "blob \(content.digest): \(length) bytes announced where \(content.size - ingest.count) are due")
        }
        var pace = Pace(options)
        do {
            for try await part in response.body {
                try part.withUnsafeReadableBytes { try ingest.append($0) }
                progress(ingest.count)
                if !pace.isFastEnough(part.readableBytes) {
                    throw RegistryFailure(
                        .timeout, "registry \(registry): less than \(short(options.minimumRate)) bytes a second")
                }
            }
        } catch {
            throw transportFailure(error, registry, options)
        }
        if ingest.count < content.size {
            throw RegistryFailure(
                .unavailable,
                "registry \(registry): blob \(content.digest) ended after \(ingest.count) of \(content.size) bytes")
        }
    }

    /// Whether `bytes START-END/SIZE` begins where we stopped.
    private func startsAt(_ offset: Int64, _ header: String?) -> Bool {
        guard let header, header.hasPrefix("bytes ") else { return false }
        return Int64(header.dropFirst("bytes ".count).prefix { $0 != "-" }) == offset
    }
}

/// Whether bytes come fast enough, judged over windows of the idle timeout.
private struct Pace {
    private let window: Duration
    private let least: Double
    private var start = ContinuousClock.now
    private var count = 0

    init(_ options: RegistryOptions) {
        window = .seconds(options.idleTimeout)
        least = options.minimumRate * options.idleTimeout
    }

    mutating func isFastEnough(_ bytes: Int) -> Bool {
        count += bytes
        guard start.duration(to: .now) > window else { return true }
        if Double(count) < least { return false }
        start = .now
        count = 0
        return true
    }
}
