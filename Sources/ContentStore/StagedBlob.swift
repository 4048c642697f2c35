internal import Glibc
internal import Linux
public import OCISpec
internal import Support

/// A blob that is being made here, so that nobody knows its digest yet.
///
/// Bytes are appended and hashed; ``ContentStore/publish(_:)`` gives it its name. What is not published goes with the
/// object. Used by one thread at a time, and may be handed to another when it is finished.
public final class StagedBlob: @unchecked Sendable {
    // SAFETY: nobody uses one from two threads at a time; see above.
    private let file: SharedDescriptor
    let staged: String
    private var hash = ContentHash()
    /// How many bytes are there.
    public private(set) var size: Int64 = 0
    private(set) var digest: Digest?

    init(_ store: ContentStore) throws {
        staged = "\(store.path)/ingest/made-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        file = SharedDescriptor(try Descriptor.open(staged, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644))
    }

    deinit {
        unlink(staged)
    }

    /// Appends bytes.
    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        let raw = file.rawValue
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try checkCount("write", staged) { Glibc.write(raw, rest.baseAddress, rest.count) }
        }
        hash.update(bytes)
        size += Int64(bytes.count)
    }

    /// Ends the blob and returns its digest; nothing may be appended afterwards.
    public func finish() throws -> Digest {
        if let digest { return digest }
        let found = try hash.digest()
        digest = found
        return found
    }

    func synchronize() throws(SystemCallError) {
        let raw = file.rawValue
        try check("fsync", staged) { fsync(raw) }
    }
}

extension ContentStore {
    /// Begins a blob whose digest is known at its end only.
    ///
    /// - Precondition: the caller holds a ``Lease`` until a name refers to the blob.
    public func stage() throws -> StagedBlob {
        try attempt("store a new blob") { try StagedBlob(self) }
    }

    /// Flushes finished blobs and gives them their names.
    ///
    /// - Parameter isFlushed: whether their content has reached the disk already, by syncfs(2).
    public func publish(_ blobs: [StagedBlob], isFlushed: Bool = false) throws {
        guard !blobs.isEmpty else { return }
        try attempt("store \(blobs.count) new blobs") {
            for blob in blobs {
                let digest = try blob.finish()
                try protect([digest.description])
                if self.size(of: digest) == blob.size { continue }
                if !isFlushed { try blob.synchronize() }
                let target = blobPath(digest)
                try check("rename", target) { rename(blob.staged, target) }
            }
            let folder = "\(path)/blobs/sha256"
            try Descriptor.open(folder, O_RDONLY | O_DIRECTORY).synchronize(folder)
        }
    }
}
