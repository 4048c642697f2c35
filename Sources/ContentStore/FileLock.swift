internal import Glibc
internal import Linux

/// An flock(2) on a file, held while this object lives; it works between processes and within one.
final class FileLock: Sendable {
    enum Mode {
        case shared, exclusive
    }

    private let file: SharedDescriptor

    private init(_ file: SharedDescriptor) {
        self.file = file
    }

    /// Waits for the lock.
    static func waiting(_ path: String, _ mode: Mode) throws -> FileLock {
        let file = try open(path)
        let raw = file.rawValue
        try check("flock", path) { flock(raw, mode == .shared ? LOCK_SH : LOCK_EX) }
        return FileLock(file)
    }

    /// Takes the lock if it is free at once; nil where it is not.
    static func trying(_ path: String, _ mode: Mode) throws -> FileLock? {
        let file = try open(path)
        return try tryLock(file.rawValue, mode, path) ? FileLock(file) : nil
    }

    private static func open(_ path: String) throws -> SharedDescriptor {
        SharedDescriptor(try Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600))
    }
}

/// Takes an flock without waiting; false where another holder has it.
func tryLock(_ file: Int32, _ mode: FileLock.Mode, _ shown: String) throws -> Bool {
    if flock(file, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 { return true }
    let code = errno
    if code == EWOULDBLOCK || code == EINTR { return false }
    throw SystemCallError("flock", errno: code, subject: shown)
}
