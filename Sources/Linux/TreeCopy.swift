internal import Glibc

/// Copies what one folder holds into another: folders, files and links with owner and mode.
///
/// Everything is opened beneath its parent's descriptor and no link is followed, so a hostile tree leads nowhere; nodes of
/// other kinds (devices, sockets, FIFOs) are left out.
///
/// - Parameters:
///   - source: a folder, opened in any way, `O_PATH` included.
///   - target: a folder without entries of the same names.
///   - shown: how errors call the folder.
public func copyTree(
    from source: borrowing Descriptor, to target: borrowing Descriptor, shown: String
) throws(SystemCallError) {
    let parent = source.rawValue
    let folder = Descriptor(
        owning: try check("openat", shown) { openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    for name in try directoryEntries(folder, shown: shown) {
        try copyEntry(name, folder, target, shown: "\(shown)/\(name)")
    }
}

/// Gives one open file the owner and the mode of another.
public func copyOwner(
    from source: borrowing Descriptor, to target: borrowing Descriptor, shown: String
) throws(SystemCallError) {
    let (from, to) = (source.rawValue, target.rawValue)
    var status = stat()
    try check("fstat", shown) { fstat(from, &status) }
    try check("fchown", shown) { fchown(to, status.st_uid, status.st_gid) }
    try check("fchmod", shown) { fchmod(to, status.st_mode & 0o7777) }
}

private func copyEntry(
    _ name: String, _ source: borrowing Descriptor, _ target: borrowing Descriptor, shown: String
) throws(SystemCallError) {
    let (from, to) = (source.rawValue, target.rawValue)
    var status = stat()
    try check("fstatat", shown) { fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) }
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
        try check("mkdirat", shown) { mkdirat(to, name, 0o700) }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let inner = Descriptor(owning: try check("openat", shown) { openat(from, name, flags) })
        let made = Descriptor(owning: try check("openat", shown) { openat(to, name, flags) })
        try copyTree(from: inner, to: made, shown: shown)
        try copyOwner(from: inner, to: made, shown: shown)
    case S_IFREG:
        let reading = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let writing = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = Descriptor(owning: try check("openat", shown) { openat(from, name, reading) })
        let made = Descriptor(owning: try check("openat", shown) { openat(to, name, writing, 0o600) })
        try copyContent(file, made, shown: shown)
        try copyOwner(from: file, to: made, shown: shown)
    case S_IFLNK: try copyLink(name, from, to, status, shown: shown)
    default: break
    }
}

private func copyContent(
    _ source: borrowing Descriptor, _ target: borrowing Descriptor, shown: String
) throws(SystemCallError) {
    while true {
        let part = try source.readSome(1 << 18, shown)
        if part.isEmpty { return }
        try target.writeAll(part, shown)
    }
}

private func copyLink(
    _ name: String, _ from: Int32, _ to: Int32, _ status: stat, shown: String
) throws(SystemCallError) {
    var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    try checkCount("readlinkat", shown) { readlinkat(from, name, &text, Int(PATH_MAX)) }
    try check("symlinkat", shown) { symlinkat(text, to, name) }
    try check("fchownat", shown) { fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) }
}
