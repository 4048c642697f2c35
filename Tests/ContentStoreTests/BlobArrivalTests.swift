import ContentStore
import Glibc
import Support
import Testing

/// Blobs that are read while they come.
@Suite struct BlobArrivalTests {
    let bytes: [UInt8] = (0..<100_000).map { _ in UInt8.random(in: 0...255) }

    func begin(_ test: TestStore, _ arrival: BlobArrival) throws -> Ingest {
        guard case .begun(let ingest) = try test.store.ingest(try TestStore.content(bytes), arrival: arrival) else {
            throw RuntimeError(.internal, "not begun")
        }
        return ingest
    }

    /// Everything that a reader gets.
    func readAll(_ reader: BlobReader, piece: Int = 5000) throws -> [UInt8] {
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: piece)
        while case let count = try part.withUnsafeMutableBytes({ try reader.read(into: $0) }), count > 0 {
            all += part[..<count]
        }
        return all
    }

    @Test func aReaderFollowsAndEndsWithTheVerifiedBlob() async throws {
        let test = try TestStore()
        let arrival = BlobArrival()
        let reader = BlobReader(arrival)
        async let read = onThread { try readAll(reader) }
        let ingest = try begin(test, arrival)
        for start in stride(from: 0, to: bytes.count, by: 7000) {
            try ingest.append(Array(bytes[start..<min(start + 7000, bytes.count)]))
        }
        try ingest.commit()
        #expect(try await read == bytes)
        #expect(try !reader.waitForVerdict())
        guard case .present = try test.store.ingest(try TestStore.content(bytes), arrival: arrival) else {
            throw RuntimeError(.internal, "not present")
        }
        #expect(try readAll(BlobReader(arrival)) == bytes)
    }

    @Test func aResumedBlobIsReadFromItsFirstByte() throws {
        let test = try TestStore()
        try begin(test, BlobArrival()).append(Array(bytes[..<60_000]))
        let arrival = BlobArrival()
        let ingest = try begin(test, arrival)
        #expect(ingest.count == 60_000)
        try ingest.append(Array(bytes[60_000...]))
        try ingest.commit()
        #expect(try readAll(BlobReader(arrival)) == bytes)
    }

    @Test func wrongBytesAreTakenBack() throws {
        let test = try TestStore()
        let arrival = BlobArrival()
        let ingest = try begin(test, arrival)
        try ingest.append([UInt8](repeating: 0, count: bytes.count))
        let reader = BlobReader(arrival)
        var part = [UInt8](repeating: 0, count: 100)
        #expect(try part.withUnsafeMutableBytes { try reader.read(into: $0) } == 100)
        #expect(throws: RuntimeError.self) { try ingest.commit() }
        #expect(reader.isStale)
        #expect(try reader.waitForVerdict())
        #expect(throws: BlobRestarted.self) { try part.withUnsafeMutableBytes { try reader.read(into: $0) } }
        try ingest.append(bytes)
        try ingest.commit()
        #expect(try readAll(BlobReader(arrival)) == bytes)
    }

    @Test func whoWaitsIsWoken() async throws {
        for cancels in [true, false] {
            let arrival = BlobArrival()
            let reader = BlobReader(arrival)
            async let read = onThread { try readAll(reader) }
            if cancels { reader.cancel() } else { arrival.fail(RuntimeError(.unavailable, "gone")) }
            do {
                _ = try await read
                Issue.record("it ended")
            } catch {
                #expect(cancels ? error is CancellationError : "\(error)" == "gone")
            }
        }
    }
}
