internal import CLinux
internal import Glibc
internal import Linux

/// Copies what a folder of the container's root holds into a fresh tmpfs (the mount option `tmpcopyup`): folders, files
/// and links with owner and mode. Everything is opened beneath its parent's descriptor and no link is followed; nodes
/// of other kinds are left out.
func copyTree(from source: Int32, to target: Int32, shown: String) throws {
    let folder = Descriptor(
        owning: try check("openat", shown) { openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    for name in try directoryEntries(folder, shown: shown) {
        try copyEntry(name, from: source, to: target, shown: "\(shown)/\(name)")
    }
}

private func copyEntry(_ name: String, from source: Int32, to target: Int32, shown: String) throws {
    var status = stat()
    try check("fstatat", shown) { fstatat(source, name, &status, AT_SYMLINK_NOFOLLOW) }
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
        try check("mkdirat", shown) { mkdirat(target, name, 0o700) }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let from = Descriptor(owning: try check("openat", shown) { openat(source, name, flags) })
        let to = Descriptor(owning: try check("openat", shown) { openat(target, name, flags) })
        try copyTree(from: from.rawValue, to: to.rawValue, shown: shown)
    case S_IFREG: try copyFile(name, from: source, to: target, shown: shown)
    case S_IFLNK:
        var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        try checkCount("readlinkat", shown) { readlinkat(source, name, &text, Int(PATH_MAX)) }
        try check("symlinkat", shown) { symlinkat(text, target, name) }
    default: return
    }
    try check("fchownat", shown) { fchownat(target, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) }
    if status.st_mode & S_IFMT != S_IFLNK {
        try check("fchmodat", shown) { fchmodat(target, name, status.st_mode & 0o7777, 0) }
    }
}

private func copyFile(_ name: String, from source: Int32, to target: Int32, shown: String) throws {
    let from = Descriptor(
        owning: try check("openat", shown) { openat(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) })
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let to = Descriptor(owning: try check("openat", shown) { openat(target, name, flags, 0o600) })
    while true {
        let part = try from.readSome(1 << 16, shown)
        if part.isEmpty { return }
        try to.writeAll(part, shown)
    }
}
