internal import Glibc
internal import JSON
public import Linux
public import Metadata
public import OCISpec
internal import Support
internal import Synchronization

/// Content by digest and image names, kept as an OCI image layout (image-layout.md) that other tools can read:
/// `oci-layout`, `index.json` and `blobs/<algorithm>/<hex>`, with unfinished downloads in `ingest/`.
///
/// Names, and what else is known of the content, are in `metadata.db` (``Metadata``); `index.json` is written from it
/// at each change and never read again. Several processes may use one store at a time. A blob appears under its name
/// only whole, verified and flushed to disk. Whoever brings blobs in holds a ``Lease`` until a name refers to them: what
/// this object is asked for meanwhile is not collected.
public final class ContentStore: Sendable {
    /// The store's folder.
    public let path: String
    /// Opened when first needed: most commands need it, but making a store need not.
    private let openedMetadata = Mutex<Metadata?>(nil)
    /// The leases held through this object, with what each has been told to keep.
    let leases = Mutex<[Int64: Set<String>]>([:])

    /// Opens the store in `path`, making what is missing (folders of mode 0700).
    public init(opening path: String) throws {
        self.path = path
        try attempt("open content store \(path)") {
            try makeDirectories("\(path)/ingest", mode: 0o700)
            // The mark comes last: where it is, the folders are on the disk, whoever made them and died.
            let mark = "\(path)/oci-layout"
            if access(mark, F_OK) != 0 {
                for folder in ["blobs", "blobs/sha256"] {
                    try makeDirectories("\(path)/\(folder)", mode: 0o700)
                    let parent = parentPath("\(path)/\(folder)")
                    try Descriptor.open(parent, O_RDONLY | O_DIRECTORY).synchronize(parent)
                }
                let root = parentPath(path)
                try Descriptor.open(root, O_RDONLY | O_DIRECTORY).synchronize(root)
                try replace(mark, Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
                try Descriptor.open(path, O_RDONLY | O_DIRECTORY).synchronize(path)
            }
        }
    }

    /// Names, leases and facts about the content; names of a store without any are taken over from `index.json`.
    public func metadata() throws -> Metadata {
        try openedMetadata.withLock { opened in
            if let opened { return opened }
            let made = try Metadata(opening: "\(path)/metadata.db") { try namesInIndex() }
            opened = made
            // Derived, so that a disk that can't be written is no reason to show nothing.
            if !made.isReadOnly { try? made.refreshView(isCurrent: isCurrentIndex, writeIndex) }
            return made
        }
    }

    /// Where a blob lies or would lie; it need not exist.
    public func blobPath(_ digest: Digest) -> String {
        "\(path)/blobs/\(digest.algorithm.rawValue)/\(digest.hex)"
    }

    /// The blob's size in bytes, or nil where it is not in the store.
    public func size(of digest: Digest) -> Int64? {
        var status = stat()
        guard lstat(blobPath(digest), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    /// True where the blob is there with the size the descriptor names; its bytes are not read.
    public func contains(_ content: ContentDescriptor) -> Bool {
        size(of: content.digest) == content.size
    }

    /// Opens a blob for reading. Its bytes are not verified: hash them while reading, or use ``read(_:limit:)``.
    public func open(_ digest: Digest) throws -> Descriptor {
        if size(of: digest) == nil {
            throw RuntimeError(.notFound, "blob \(digest): not in the content store \(path)")
        }
        return try Descriptor.open(blobPath(digest), O_RDONLY | O_NOFOLLOW)
    }

    /// The whole content of a small blob, verified; more than `limit` bytes or a wrong hash is an error.
    public func read(_ digest: Digest, limit: Int) throws -> [UInt8] {
        let bytes = try open(digest).readAll(limit: limit, blobPath(digest))
        guard try ContentHash.digest(of: bytes, digest.algorithm) == digest else { throw damaged(digest) }
        return bytes
    }

    /// Reads the whole blob and compares its hash; a damaged one is `invalidState`.
    public func verify(_ digest: Digest) throws {
        let file = try open(digest)
        var hash = ContentHash(digest.algorithm)
        try hash.update(contentsOf: file, blobPath(digest))
        guard try hash.digest() == digest else { throw damaged(digest) }
    }

    /// Removes one blob, such as a damaged one; a missing one is no error.
    public func removeBlob(_ digest: Digest) throws {
        let file = blobPath(digest)
        if unlink(file) != 0, errno != ENOENT { throw SystemCallError("unlink", errno: errno, subject: file) }
    }

    /// Adds a small document under its own digest, through a verified and flushed file.
    @discardableResult
    public func write(_ bytes: [UInt8], _ algorithm: Digest.Algorithm = .sha256) throws -> Digest {
        let digest = try ContentHash.digest(of: bytes, algorithm)
        try protect([digest.description])
        if size(of: digest) == Int64(bytes.count) { return digest }
        try attempt("store blob \(digest)") {
            try makeDirectoriesDurably("\(path)/blobs/\(algorithm.rawValue)", mode: 0o700)
            let staged = "\(path)/ingest/document-\(getpid())-\(UInt64.random(in: 0 ... .max))"
            do { try publish(bytes, staged, as: digest) } catch {
                unlink(staged)
                throw error
            }
        }
        return digest
    }

    private func publish(_ bytes: [UInt8], _ staged: String, as digest: Digest) throws {
        let file = try Descriptor.open(staged, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
        try file.writeAll(bytes, staged)
        try publish(file, staged, as: digest)
    }

    /// Flushes a finished file and gives it its blob's name.
    func publish(_ file: borrowing Descriptor, _ staged: String, as digest: Digest) throws {
        try file.synchronize(staged)
        let target = blobPath(digest)
        try check("rename", target) { rename(staged, target) }
        let folder = parentPath(target)
        try Descriptor.open(folder, O_RDONLY | O_DIRECTORY).synchronize(folder)
    }

    private func damaged(_ digest: Digest) -> RuntimeError {
        RuntimeError(.invalidState, "blob \(digest): damaged in the content store \(path); pull the image again")
    }
}

extension ContentHash {
    /// Adds everything from the file's position to its end.
    mutating func update(contentsOf file: borrowing Descriptor, _ shown: String) throws {
        while true {
            let part = try file.readSome(1 << 20, shown)
            if part.isEmpty { return }
            update(part)
        }
    }
}
