internal import Glibc

extension Descriptor {
    /// Writes all of `bytes`, going on after short writes.
    public borrowing func writeAll(_ bytes: [UInt8], _ subject: String = "") throws(SystemCallError) {
        try writeAll(bytes[...], subject)
    }

    /// Writes all of `bytes`, going on after short writes.
    public borrowing func writeAll(_ bytes: ArraySlice<UInt8>, _ subject: String = "") throws(SystemCallError) {
        let raw = rawValue
        var rest = bytes
        while !rest.isEmpty {
            let count = try checkCount("write", subject) {
                rest.withUnsafeBytes { write(raw, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads at most `limit` bytes with one read(2); empty at the end of the file.
    public borrowing func readSome(_ limit: Int, _ subject: String = "") throws(SystemCallError) -> [UInt8] {
        let raw = rawValue
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            do throws(SystemCallError) {
                count = try checkCount("read", subject) { read(raw, buffer.baseAddress, limit) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads to the end of the file; more than `limit` bytes is EFBIG.
    public borrowing func readAll(limit: Int, _ subject: String = "") throws(SystemCallError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let part = try readSome(min(limit + 1 - all.count, 65536), subject)
            if part.isEmpty { return all }
            all += part
            if all.count > limit { throw SystemCallError("read", errno: EFBIG, subject: subject) }
        }
    }

    /// Reads a regular file, of which a short read is the end; more than `limit` bytes is EFBIG.
    public borrowing func readWhole(limit: Int, _ subject: String = "") throws(SystemCallError) -> [UInt8] {
        let first = min(limit + 1, 16384)
        let part = try readSome(first, subject)
        if part.count > limit { throw SystemCallError("read", errno: EFBIG, subject: subject) }
        return part.count < first ? part : try part + readAll(limit: limit - part.count, subject)
    }
}

/// The whole content of a host file; more than `limit` bytes is EFBIG.
public func readFile(_ path: String, limit: Int = 64 << 20) throws(SystemCallError) -> [UInt8] {
    try Descriptor.open(path, O_RDONLY).readAll(limit: limit, path)
}

/// The content of a file that an image or a caller laid out: only a regular one, so that neither a pipe without a
/// writer nor a device without an end keeps the reader. More than `limit` bytes is EFBIG.
public func readRegularFile(_ path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
    var status = stat()
    // Looked at before it is opened too: opening a device can have effects of its own.
    try check("stat", path) { stat(path, &status) }
    if status.st_mode & S_IFMT == S_IFREG {
        let file = try Descriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        try check("fstat", path) { fstat(file.rawValue, &status) }
        if status.st_mode & S_IFMT == S_IFREG { return try file.readAll(limit: limit, path) }
    }
    throw SystemCallError("open", errno: EINVAL, subject: "\(path) (no regular file)")
}

/// The text of a small host file (procfs, cgroupfs), without its trailing newline; malformed UTF-8 is replaced.
public func readText(_ path: String) throws(SystemCallError) -> String {
    var bytes = try readFile(path, limit: 16 << 20)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
}

/// Writes `text` to an existing file with one write(2), as procfs and cgroupfs want it.
public func writeText(_ text: String, to path: String) throws(SystemCallError) {
    let file = try Descriptor.open(path, O_WRONLY)
    let raw = file.rawValue
    let bytes = Array(text.utf8)
    try checkCount("write", "\(path) \"\(text)\"") {
        bytes.withUnsafeBytes { write(raw, $0.baseAddress, $0.count) }
    }
}
