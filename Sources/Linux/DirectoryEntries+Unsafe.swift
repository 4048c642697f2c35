internal import Glibc

/// The names in an open folder, without `.` and `..`, in the file system's order; malformed UTF-8 is repaired.
public func directoryEntries(_ folder: borrowing Descriptor, shown: String) throws(SystemCallError) -> [String] {
    try directoryEntryNames(folder, shown: shown).map { String(decoding: $0, as: UTF8.self) }
}

/// The names in an open folder as the bytes they are, without `.` and `..`, in the file system's order.
public func directoryEntryNames(
    _ folder: borrowing Descriptor, shown: String
) throws(SystemCallError) -> [[UInt8]] {
    let raw = folder.rawValue
    let copy = try check("openat", shown) { openat(raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard let stream = fdopendir(copy) else {
        let code = errno
        close(copy)
        throw SystemCallError("fdopendir", errno: code, subject: shown)
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while true {
        errno = 0
        guard let entry = readdir(stream) else {
            if errno != 0 { throw SystemCallError("readdir", errno: errno, subject: shown) }
            return names
        }
        // SAFETY: readdir's entry stays valid until the next readdir on this stream; d_name is NUL-terminated
        // within d_reclen, and a tuple's storage is read through the entry's own address, not a copy.
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            let start = UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)
            return [UInt8](UnsafeRawBufferPointer(start: start, count: strlen(start)))
        }
        if name != [0x2e] && name != [0x2e, 0x2e] { names.append(name) }
    }
}

/// The names in a host folder, without `.` and `..`.
public func directoryEntries(_ path: String) throws(SystemCallError) -> [String] {
    try directoryEntries(Descriptor.open(path, O_RDONLY | O_DIRECTORY), shown: path)
}
