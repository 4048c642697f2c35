internal import Glibc
internal import Linux
internal import Support

/// Fills a new named volume with what the image has on its place, as docker does: contents, owners and modes.
///
/// Follows no link, so nothing outside the image's folder is read; devices, sockets and FIFOs are left out.
enum VolumePopulation {
    /// Copies the folder `path` of `root` into the empty folder `volume` of the host; a volume with anything in it, or
    /// an image without that folder, changes nothing.
    static func fill(_ volume: String, from root: borrowing RootDirectory, _ path: String) throws {
        let target = try Descriptor.open(volume, O_RDONLY | O_DIRECTORY)
        guard try directoryEntries(volume).isEmpty else { return }
        guard try isFolder(path, of: root) else { return }
        let source = try root.open(path, O_RDONLY | O_DIRECTORY)
        try attempt("fill the volume \(volume) from the image") { try copyFolder(source, target, shown: path) }
    }

    private static func isFolder(_ path: String, of root: borrowing RootDirectory) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            _ = try root.open(path, O_RDONLY | O_DIRECTORY)
            return true
        } catch {
            if error.errno == ENOENT || error.errno == ENOTDIR { return false }
            throw error
        }
    }

    private static func copyFolder(
        _ source: borrowing Descriptor, _ target: borrowing Descriptor, shown: String
    ) throws {
        for name in try directoryEntries(source, shown: shown) {
            try copy(name, source, target, shown: "\(shown)/\(name)")
        }
        try copyOwner(source, target, shown: shown)
    }

    private static func copy(
        _ name: String, _ source: borrowing Descriptor, _ target: borrowing Descriptor, shown: String
    ) throws {
        let (from, to) = (source.rawValue, target.rawValue)
        var status = stat()
        try check("fstatat", shown) { fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            try check("mkdirat", shown) { mkdirat(to, name, 0o700) }
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let inner = Descriptor(owning: try check("openat", shown) { openat(from, name, flags) })
            let made = Descriptor(owning: try check("openat", shown) { openat(to, name, flags) })
            try copyFolder(inner, made, shown: shown)
        case S_IFREG:
            let file = Descriptor(
                owning: try check("openat", shown) {
                    openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                })
            let made = Descriptor(
                owning: try check("openat", shown) {
                    openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
                })
            try copyContent(file, made, shown: shown)
            try copyOwner(file, made, shown: shown)
        case S_IFLNK: try copyLink(name, from, to, status, shown: shown)
        default: break
        }
    }

    private static func copyContent(
        _ source: borrowing Descriptor, _ target: borrowing Descriptor, shown: String
    ) throws(SystemCallError) {
        while true {
            let part = try source.readSome(1 << 20, shown)
            if part.isEmpty { return }
            try target.writeAll(part, shown)
        }
    }

    private static func copyOwner(
        _ source: borrowing Descriptor, _ target: borrowing Descriptor, shown: String
    ) throws(SystemCallError) {
        let (from, to) = (source.rawValue, target.rawValue)
        var status = stat()
        try check("fstat", shown) { fstat(from, &status) }
        try check("fchown", shown) { fchown(to, status.st_uid, status.st_gid) }
        try check("fchmod", shown) { fchmod(to, status.st_mode & 0o7777) }
    }

    private static func copyLink(
        _ name: String, _ from: Int32, _ to: Int32, _ status: stat, shown: String
    ) throws(SystemCallError) {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = try checkCount("readlinkat", shown) { readlinkat(from, name, &buffer, Int(PATH_MAX)) }
        buffer[length] = 0
        try check("symlinkat", shown) { symlinkat(buffer, to, name) }
        try check("fchownat", shown) { fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) }
    }
}
