internal import Archive
internal import ContentStore
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// Bytes of a new blob on their way to a file whose digest is known only at the end.
final class LayerIntake {
    private let file: SharedDescriptor
    private let path: String
    private var hash = ContentHash()
    private var count: Int64 = 0

    /// Collects in a new file of `folder`.
    init(in folder: String) throws {
        path = "\(folder)/layer"
        file = SharedDescriptor(try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600))
    }

    /// Takes bytes.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        try writeAll(bytes, to: file.rawValue)
        hash.update(bytes)
        count += Int64(bytes.count)
    }

    /// Takes everything that can be read from `source`.
    func append(contentsOf source: borrowing Descriptor, _ shown: String) throws {
        while true {
            let part = try source.readSome(1 << 20, shown)
            if part.isEmpty { return }
            try part.withUnsafeBytes { try append($0) }
        }
    }

    /// Reads what was collected as a layer; what is no archive that could be unpacked is refused.
    ///
    /// - Returns: the hash of its tar stream, and how it is packed.
    func inspect() throws -> (diffID: Digest, type: MediaType) {
        var stream = ContentHash()
        let archive = try Descriptor.open(path, O_RDONLY)
        let reader = try withUnsafeMutablePointer(to: &stream) { pointer in
            // SAFETY: the reader is used up within this call, in which the pointer is valid.
            let reader = try TarReader(archive) { pointer.pointee.update($0) }
            while try reader.next() != nil {}
            try reader.finish()
            return reader
        }
        let type: MediaType =
            switch reader.codec {
            case .none: .ociLayer
            case .gzip: .ociLayerGzip
            case .zstd: .ociLayerZstd
            }
        return (try stream.digest(), type)
    }

    /// Brings the blob into the store.
    func finish(into store: ContentStore, _ diffID: Digest, _ type: MediaType) async throws -> FinishedLayer {
        let content = ContentDescriptor(mediaType: type, digest: try hash.digest(), size: count)
        let path = path
        try await bring(content, into: store, arrival: BlobArrival(), progress: { _ in }) {
            let file = SharedDescriptor(try Descriptor.open(path, O_RDONLY))
            return FilePart(file: file, start: 0, count: .max, shown: path)
        }
        return FinishedLayer(content: content, diffID: diffID)
    }
}
