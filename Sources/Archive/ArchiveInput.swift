internal import Glibc
public import Linux

/// Where an archive's bytes come from: a file, or a blob that is still on its way.
public struct ArchiveInput: Sendable {
    /// Reads at least one byte into memory; 0 is the end. May wait.
    let read: @Sendable (UnsafeMutableRawBufferPointer) throws -> Int
    /// Makes a read that waits, and every later one, throw.
    let cancel: @Sendable () -> Void
    /// Goes past bytes without reading them; nil where the input can't.
    let seek: (@Sendable (Int64) throws -> Void)?

    /// An input of the caller's own.
    ///
    /// - Parameters:
    ///   - read: fills its argument from the start with at least one byte, and returns how many; 0 is the end. Called
    ///     by one thread at a time, which may be another than the caller's.
    ///   - cancel: makes a `read` that waits throw, for the archive is given up. Called from any thread.
    public init(
        read: @escaping @Sendable (UnsafeMutableRawBufferPointer) throws -> Int, cancel: @escaping @Sendable () -> Void
    ) {
        self.read = read
        self.cancel = cancel
        seek = nil
    }

    /// A file, read from where it stands.
    public init(_ file: SharedDescriptor) {
        self.init(unowned: file.rawValue) { withExtendedLifetime(file) {} }
    }

    /// A file that the caller keeps open as long as the input is used.
    init(unowned raw: Int32, cancel: @escaping @Sendable () -> Void = {}) {
        read = { try readDescriptor(raw, into: $0) }
        self.cancel = cancel
        var status = stat()
        if fstat(raw, &status) == 0 && status.st_mode & S_IFMT == S_IFREG {
            seek = { count in try checkSeek(raw, count) }
        } else {
            seek = nil
        }
    }
}

private func checkSeek(_ raw: Int32, _ count: Int64) throws(SystemCallError) {
    if lseek(raw, Int(count), SEEK_CUR) < 0 { throw SystemCallError("lseek", errno: errno, subject: "archive") }
}
