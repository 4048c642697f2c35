internal import CLinux
internal import Glibc

/// Replaces or makes a host file so that a crash at any instant leaves the old or the new content, whole:
/// temporary file in the same folder, fsync, rename, fsync of the folder.
///
/// - Parameters:
///   - mode: permission bits of the file.
///   - durable: false skips both fsyncs, for folders that a reboot empties anyway (a tmpfs such as /run).
public func writeAtomically(
    _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600, durable: Bool = true
) throws(SystemCallError) {
    let folder = parentPath(path)
    let temporary = "\(path).tmp.\(getpid())"
    do throws(SystemCallError) {
        let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
        try file.writeAll(bytes, temporary)
        if durable { try file.synchronize(temporary) }
        try check("rename", path) { rename(temporary, path) }
    } catch {
        unlink(temporary)
        throw error
    }
    if durable { try Descriptor.open(folder, O_RDONLY | O_DIRECTORY).synchronize(folder) }
}

/// The folder part of a path: `/a/b` → `/a`, `b` → `.`, `/b` → `/`.
public func parentPath(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Makes a folder and those above it that are missing; a folder that is there is no error.
public func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemCallError) {
    if mkdir(path, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT else { throw SystemCallError("mkdir", errno: errno, subject: path) }
    try makeDirectories(parentPath(path), mode: mode)
    if mkdir(path, mode) != 0 && errno != EEXIST {
        throw SystemCallError("mkdir", errno: errno, subject: path)
    }
}

/// Removes a tree of the host without following links or crossing into another file system.
///
/// A missing path is no error. The walk is by descriptor, so a folder swapped for a link is not followed.
public func removeTree(_ path: String) throws(SystemCallError) {
    if unlink(path) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else { throw SystemCallError("unlink", errno: errno, subject: path) }
    let parent = try Descriptor.open(parentPath(path), CL_O_PATH | O_DIRECTORY)
    let name = path.split(separator: "/").last.map(String.init) ?? path
    try removeEntry(name, in: parent.rawValue, shown: path)
}

private func removeEntry(_ name: String, in parent: Int32, shown: String) throws(SystemCallError) {
    if unlinkat(parent, name, 0) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else { throw SystemCallError("unlinkat", errno: errno, subject: shown) }
    let flags = UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    let folder = Descriptor(
        owning: try check("openat2", shown) {
            cl_openat2(parent, name, flags, 0, CL_RESOLVE_NO_XDEV)
        })
    for entry in try directoryEntries(folder, shown: shown) {
        try removeEntry(entry, in: folder.rawValue, shown: "\(shown)/\(entry)")
    }
    if unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT {
        throw SystemCallError("rmdir", errno: errno, subject: shown)
    }
}
