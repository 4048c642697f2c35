internal import Glibc
internal import Linux

/// An flock(2) on a file of its own, held until it is released or the process is gone.
final class FileLock: Sendable {
    private let descriptor: SharedDescriptor
    private let path: String

    /// Waits for the lock.
    ///
    /// - Parameters:
    ///   - shared: several holders at a time.
    ///   - waits: false throws EWOULDBLOCK where somebody else holds it.
    init(_ path: String, shared: Bool = false, waits: Bool = true) throws(SystemCallError) {
        self.path = path
        while true {
            let opened = try Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
            let raw = opened.rawValue
            try check("flock", path) { flock(raw, (shared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB)) }
            // Whoever held it before may have removed the file: then this lock is nobody's.
            var held = stat()
            var named = stat()
            if fstat(raw, &held) == 0, lstat(path, &named) == 0, held.st_ino == named.st_ino {
                descriptor = SharedDescriptor(opened)
                return
            }
        }
    }

    /// Removes the file, which the lock is still held on.
    func remove() {
        unlink(path)
    }

    /// Lets others have the lock.
    func release() {
        flock(descriptor.rawValue, LOCK_UN)
    }
}
