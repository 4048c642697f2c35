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
        // Made new: a file that is there could be another name of one that must not be touched.
        unlink(temporary)
        let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
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

/// Makes a folder and those above it that are missing, each on the disk when this returns; a folder that is there is no
/// error, and taken to be on the disk.
public func makeDirectoriesDurably(_ path: String, mode: UInt32 = 0o755) throws(SystemCallError) {
    let parent = parentPath(path)
    if mkdir(path, mode) != 0 {
        if errno == EEXIST { return }
        guard errno == ENOENT else { throw SystemCallError("mkdir", errno: errno, subject: path) }
        try makeDirectoriesDurably(parent, mode: mode)
        if mkdir(path, mode) != 0 && errno != EEXIST {
            throw SystemCallError("mkdir", errno: errno, subject: path)
        }
    }
    try Descriptor.open(parent, O_RDONLY | O_DIRECTORY).synchronize(parent)
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
