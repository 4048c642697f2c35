public import Support

/// A system call that failed: which, on what, and why.
///
/// Reads `openat2 /x/y: no such file or directory (ENOENT)`. The call's man page explains the errno.
public struct SystemCallError: CodedError, Sendable, CustomStringConvertible {
    /// The call's name as in section 2 of the manual.
    public let call: String
    /// The errno it left.
    public let errno: Int32
    /// What it was done to: a path, a name, an option; may be empty.
    public let subject: String

    /// Makes the error of a call that left `errno`.
    public init(_ call: String, errno: Int32, subject: String = "") {
        self.call = call
        self.errno = errno
        self.subject = subject
    }

    /// `call subject: reason (ENAME)`.
    public var description: String {
        let what = subject.isEmpty ? call : "\(call) \(subject)"
        guard let (name, text) = Self.names[errno] else { return "\(what): errno \(errno)" }
        return "\(what): \(text) (\(name))"
    }

    /// The kernel's own words for this errno, such as `permission denied`.
    public var reason: String { Self.names[errno]?.1 ?? "errno \(errno)" }

    /// The code that fits the errno.
    public var runtimeCode: RuntimeError.Code {
        switch errno {
        case 2, 3, 6, 19: .notFound
        case 17: .alreadyExists
        case 1, 13, 30: .permissionDenied
        case 22, 36, 40, 20, 21, 8: .invalidArgument
        case 28, 12, 24, 23, 122, 11, 87: .resourceExhausted
        case 38, 95: .unsupported
        case 110, 62: .timeout
        case 111, 104, 113, 101: .unavailable
        case 16, 39, 26: .invalidState
        default: .internal
        }
    }

    /// errno → symbol and text; Linux x86-64 and arm64 share these numbers (errno-base.h, errno.h).
    private static let names: [Int32: (String, String)] = [
        1: ("EPERM", "operation not permitted"),
        2: ("ENOENT", "no such file or directory"),
        3: ("ESRCH", "no such process"),
        4: ("EINTR", "interrupted system call"),
        5: ("EIO", "input/output error"),
        6: ("ENXIO", "no such device or address"),
        7: ("E2BIG", "argument list too long"),
        8: ("ENOEXEC", "exec format error"),
        9: ("EBADF", "bad file descriptor"),
        10: ("ECHILD", "no child processes"),
        11: ("EAGAIN", "resource temporarily unavailable"),
        12: ("ENOMEM", "cannot allocate memory"),
        13: ("EACCES", "permission denied"),
        14: ("EFAULT", "bad address"),
        15: ("ENOTBLK", "block device required"),
        16: ("EBUSY", "device or resource busy"),
        17: ("EEXIST", "file exists"),
        18: ("EXDEV", "invalid cross-device link"),
        19: ("ENODEV", "no such device"),
        20: ("ENOTDIR", "not a directory"),
        21: ("EISDIR", "is a directory"),
        22: ("EINVAL", "invalid argument"),
        23: ("ENFILE", "too many open files in system"),
        24: ("EMFILE", "too many open files"),
        25: ("ENOTTY", "inappropriate ioctl for device"),
        26: ("ETXTBSY", "text file busy"),
        27: ("EFBIG", "file too large"),
        28: ("ENOSPC", "no space left on device"),
        29: ("ESPIPE", "illegal seek"),
        30: ("EROFS", "read-only file system"),
        31: ("EMLINK", "too many links"),
        32: ("EPIPE", "broken pipe"),
        34: ("ERANGE", "numerical result out of range"),
        35: ("EDEADLK", "resource deadlock avoided"),
        36: ("ENAMETOOLONG", "file name too long"),
        38: ("ENOSYS", "function not implemented"),
        39: ("ENOTEMPTY", "directory not empty"),
        40: ("ELOOP", "too many levels of symbolic links"),
        61: ("ENODATA", "no data available"),
        62: ("ETIME", "timer expired"),
        71: ("EPROTO", "protocol error"),
        75: ("EOVERFLOW", "value too large for defined data type"),
        88: ("ENOTSOCK", "socket operation on non-socket"),
        95: ("EOPNOTSUPP", "operation not supported"),
        98: ("EADDRINUSE", "address already in use"),
        101: ("ENETUNREACH", "network is unreachable"),
        104: ("ECONNRESET", "connection reset by peer"),
        110: ("ETIMEDOUT", "connection timed out"),
        111: ("ECONNREFUSED", "connection refused"),
        113: ("EHOSTUNREACH", "no route to host"),
        116: ("ESTALE", "stale file handle"),
        122: ("EDQUOT", "disk quota exceeded"),
        125: ("ECANCELED", "operation canceled"),
        87: ("EUSERS", "too many users"),
    ]
}
