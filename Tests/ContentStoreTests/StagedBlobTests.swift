import ContentStore
import Linux
import OCISpec
import Testing

/// Blobs whose digest is known at their end.
@Suite struct StagedBlobTests {
    @Test func aBlobGetsItsNameWhenItIsPublished() throws {
        let home = try TestStore()
        let bytes: [UInt8] = [1, 2, 3]
        let blob = try home.store.stage()
        try bytes.withUnsafeBytes { try blob.append($0) }
        let digest = try blob.finish()
        #expect(try digest == ContentHash.digest(of: bytes) && blob.size == 3)
        #expect(home.store.size(of: digest) == nil)
        try home.store.publish([blob])
        #expect(try home.store.read(digest, limit: 10) == bytes)
        // The same content once more is no error.
        let again = try home.store.stage()
        try bytes.withUnsafeBytes { try again.append($0) }
        try home.store.publish([again], isFlushed: true)
        #expect(try home.store.read(digest, limit: 10) == bytes)
    }

    @Test func whatIsNotPublishedGoes() throws {
        let home = try TestStore()
        do {
            let blob = try home.store.stage()
            try [UInt8](repeating: 7, count: 1000).withUnsafeBytes { try blob.append($0) }
            #expect(try directoryEntries("\(home.path)/ingest").count == 1)
        }
        #expect(try directoryEntries("\(home.path)/ingest").isEmpty)
    }
}
