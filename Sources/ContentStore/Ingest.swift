internal import CLinux
internal import Glibc
internal import Linux
public import OCISpec
internal import Support

/// A blob on its way into the store: bytes are appended, hashed as they come, and published when they are the right ones.
///
/// One owner at a time, in all processes (flock). When the owner goes without ``commit()``, what has been written
/// stays in `ingest/` and the next owner goes on after it. Used by one thread or task at a time.
public final class Ingest {
    /// The digest that the content must have.
    public let digest: Digest
    /// The size that the content must have.
    public let size: Int64
    /// How many bytes are there.
    public private(set) var count: Int64 = 0

    private let store: ContentStore
    private let file: SharedDescriptor
    private let staged: String
    private let arrival: BlobArrival
    private var hash: ContentHash
    /// How much of the file has been given to the disk.
    private var flushed: Int64 = 0
    /// Bytes after which the disk gets them, so that little is left to wait for at the end.
    private static let flushedPart: Int64 = 8 << 20

    /// What beginning to bring a blob in may come to.
    public enum Beginning {
        /// The store has the blob.
        case present
        /// Another owner is bringing it in now: ask again later.
        case busy
        /// The caller owns it.
        case begun(Ingest)
    }

    private init(
        _ digest: Digest, _ size: Int64, _ store: ContentStore, _ file: SharedDescriptor, _ staged: String,
        _ arrival: BlobArrival
    ) {
        self.digest = digest
        self.size = size
        self.store = store
        self.file = file
        self.staged = staged
        self.arrival = arrival
        hash = ContentHash(digest.algorithm)
    }

    /// Nil where another owner has it.
    static func begin(
        _ digest: Digest, _ size: Int64, _ store: ContentStore, _ arrival: BlobArrival
    ) throws -> Ingest? {
        let staged = "\(store.path)/ingest/\(digest.algorithm.rawValue)-\(digest.hex)"
        let file = SharedDescriptor(try Descriptor.open(staged, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o644))
        let ingest = Ingest(digest, size, store, file, staged, arrival)
        guard try tryLock(file.rawValue, .exclusive, staged), ingest.isStillNamed() else { return nil }
        try ingest.resume()
        arrival.begin(file, count: ingest.count)
        return ingest
    }

    /// Appends bytes; more than ``size`` in all is `invalidState`.
    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard Int64(bytes.count) <= size - count else {
            throw RuntimeError(.invalidState, "blob \(digest): more than the \(size) bytes announced")
        }
        let raw = file.rawValue
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            do throws(SystemCallError) {
                done += try checkCount("write", staged) { Glibc.write(raw, rest.baseAddress, rest.count) }
            } catch {
                // On a full disk a part that waits to be gone on with would only keep it full.
                if error.errno == ENOSPC || error.errno == EDQUOT { unlink(staged) }
                throw error
            }
        }
        count += Int64(bytes.count)
        arrival.advance(to: count)
        hash.update(bytes)
        if count - flushed >= Self.flushedPart { flushAhead() }
    }

    /// Lets the disk begin with what is there; an error shows itself at the flush of the whole.
    private func flushAhead() {
        _ = cl_start_writeback(file.rawValue, flushed, count - flushed)
        flushed = count
    }

    /// Appends bytes; more than ``size`` in all is `invalidState`.
    public func append(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try append($0) }
    }

    /// Forgets all bytes, to begin anew.
    public func reset() throws {
        let raw = file.rawValue
        arrival.restart()
        try check("ftruncate", staged) { ftruncate(raw, 0) }
        if lseek(raw, 0, SEEK_SET) != 0 { throw SystemCallError("lseek", errno: errno, subject: staged) }
        hash = ContentHash(digest.algorithm)
        (count, flushed) = (0, 0)
    }

    /// Checks size and hash, flushes, and publishes the blob. What is not the content promised is thrown away.
    public func commit() throws {
        guard count == size else {
            throw RuntimeError(.invalidState, "blob \(digest): \(count) bytes where \(size) were announced")
        }
        let found = try hash.digest()
        guard found == digest else {
            try reset()
            throw RuntimeError(.invalidState, "blob \(digest): the content received has the digest \(found)")
        }
        arrival.verified()
        try makeDirectoriesDurably(parentPath(store.blobPath(digest)), mode: 0o700)
        try store.publish(try duplicate(), staged, as: digest)
    }

    /// Removes what has been written.
    public func discard() {
        unlink(staged)
    }

    private func duplicate() throws -> Descriptor {
        let raw = file.rawValue
        return Descriptor(owning: try check("fcntl", staged) { fcntl(raw, F_DUPFD_CLOEXEC, 3) })
    }

    /// Hashes what an earlier owner left; more than can belong to the blob is dropped.
    private func resume() throws {
        let raw = file.rawValue
        var status = stat()
        try check("fstat", staged) { fstat(raw, &status) }
        if Int64(status.st_size) > size { return try reset() }
        let copy = try duplicate()
        try hash.update(contentsOf: copy, staged)
        count = Int64(status.st_size)
    }

    /// Whether the file locked is still the one of this name: an earlier owner may have published it meanwhile.
    private func isStillNamed() -> Bool {
        var mine = stat()
        var named = stat()
        guard fstat(file.rawValue, &mine) == 0, lstat(staged, &named) == 0 else { return false }
        return mine.st_ino == named.st_ino && mine.st_dev == named.st_dev
    }
}

extension ContentStore {
    /// Begins to bring a blob in, or to go on with one that was left unfinished. Never waits.
    ///
    /// - Parameter arrival: learns of the blob's bytes as they come, or at once of all of them where it is present.
    /// - Precondition: the caller holds a ``Lease``.
    public func ingest(
        _ content: ContentDescriptor, arrival: BlobArrival = BlobArrival()
    ) throws -> Ingest.Beginning {
        try attempt("store blob \(content.digest)") {
            try protect([content.digest.description])
            if contains(content) { return try present(content, arrival) }
            guard let ingest = try Ingest.begin(content.digest, content.size, self, arrival) else {
                return contains(content) ? try present(content, arrival) : .busy
            }
            // Published between the look and the lock: the lock is then on a new, empty file.
            if contains(content) {
                ingest.discard()
                return try present(content, arrival)
            }
            return .begun(ingest)
        }
    }

    private func present(_ content: ContentDescriptor, _ arrival: BlobArrival) throws -> Ingest.Beginning {
        let file = SharedDescriptor(try open(content.digest))
        arrival.begin(file, count: content.size, isVerified: true)
        return .present
    }
}
