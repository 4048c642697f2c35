internal import ContentStore
internal import JSON
internal import Metadata
internal import OCISpec
internal import Support
internal import Synchronization

/// What steps came to, by their keys, so that the same step need not be carried out again; in the store's metadata.
///
/// A record that is missing, malformed or leads to a layer that is gone is no record: the step is carried out. Records
/// keep their layers from garbage collection; ``prune()`` lets them go.
final class BuildCache: Sendable {
    /// What a step made.
    struct Record: Sendable, Equatable {
        /// The hash of the layer's tar stream; nil where the step changed no file.
        var diffID: Digest?
        /// The chain ID of the layer upon those below it.
        var chainID: String?
        /// The packed layer, where it was packed.
        var blob: ContentDescriptor?
    }

    private let content: ContentStore
    private let session = Mutex<[String: Record]>([:])

    /// The cache of a store.
    init(_ content: ContentStore) {
        self.content = content
    }

    /// The record of a key.
    func find(_ key: String) -> Record? {
        if let found = session.withLock({ $0[key] }) { return found }
        guard let bytes = try? content.metadata().cached(key) else { return nil }
        return try? Self.parse(bytes)
    }

    /// Keeps a record for the steps of this build.
    func note(_ key: String, _ record: Record) {
        session.withLock { $0[key] = record }
    }

    /// Writes what was noted, once the layers are there.
    func save() throws {
        for (key, record) in session.withLock({ $0 }) {
            let items = [record.chainID.map(Metadata.layerItem), record.blob?.digest.description].compactMap(\.self)
            try content.metadata().putCache(
                key, value: Self.text(record), keeping: items, size: record.blob?.size ?? 0)
        }
    }

    /// Forgets everything; returns how many records there were.
    func prune() throws -> Int {
        try content.metadata().removeCache(content.metadata().cacheRecords().map(\.key))
    }

    private static func text(_ record: Record) -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                object.member("version", 1)
                object.member("diffID", record.diffID?.description)
                object.member("chainID", record.chainID)
                if let blob = record.blob { object.member("blob") { blob.write(to: &$0) } }
            }
        }
    }

    private static func parse(_ bytes: [UInt8]) throws -> Record {
        var record = Record()
        var version = 0
        try JSONReader.document(bytes) { reader in
            try reader.object { key, value in
                switch key {
                case "version": version = try value.integer()
                case "diffID": record.diffID = try Digest(try value.string())
                case "chainID": record.chainID = try value.string()
                case "blob": record.blob = try ContentDescriptor(from: &value)
                default: try value.skip()
                }
            }
        }
        guard version == 1, (record.diffID == nil) == (record.chainID == nil) else {
            throw RuntimeError(.internal, "build cache: an unknown record")
        }
        return record
    }
}
