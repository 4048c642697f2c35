internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// Writes what a ``CopyWalk`` finds into folders that are open.
struct CopyWriter {
    let walk: CopyWalk
    let ownership: CopyOwnership

    /// Copies the contents of a folder, or a file under a name.
    func write(into target: borrowing Descriptor, name: String) throws {
        var folders: [SharedDescriptor] = [SharedDescriptor(try target.duplicate())]
        try walk.visit { entry in
            let name = walk.source.isFolder ? entry.name : Array(name.utf8CString)
            guard let folder = folders.last?.rawValue else { return }
            switch entry.kind {
            case S_IFDIR:
                folders.append(SharedDescriptor(try makeFolder(entry, folder, name)))
            case S_IFREG: try copyFile(entry, folder, name)
            case S_IFLNK: try copyLink(entry, folder, name)
            case S_IFCHR, S_IFBLK, S_IFIFO: try copyNode(entry, folder, name)
            default: break
            }
        } leave: { entry in
            guard let folder = folders.popLast() else { return }
            try setOwner(folder.rawValue, entry)
            try setTimes(folder.rawValue, entry)
        }
    }

    private func makeFolder(_ entry: CopyEntry, _ folder: Int32, _ name: [CChar]) throws -> Descriptor {
        if mkdirat(folder, name, 0o755) != 0 {
            guard errno == EEXIST else { throw SystemCallError("mkdirat", errno: errno, subject: entry.path) }
        }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let opened = openat(folder, name, flags)
        if opened >= 0 { return Descriptor(owning: opened) }
        throw RuntimeError(.invalidState, "\(entry.path): a folder can't replace what is at its place in the image")
    }

    private func copyFile(_ entry: CopyEntry, _ folder: Int32, _ name: [CChar]) throws {
        let source = try entry.open()
        try remove(folder, name, entry)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let made = Descriptor(owning: try check("openat", entry.path) { openat(folder, name, flags, 0o600) })
        try copyContent(from: source, to: made, entry.path)
        let raw = made.rawValue
        let capabilities = CopyEntry.capabilities(source)
        try setOwner(raw, entry)
        if !capabilities.isEmpty {
            try check("fsetxattr", entry.path) {
                capabilities.withUnsafeBytes { cl_fsetxattr(raw, "security.capability", $0.baseAddress, $0.count) }
            }
        }
        try setTimes(raw, entry)
    }

    private func copyContent(from source: borrowing Descriptor, to target: borrowing Descriptor, _ path: String) throws
    {
        let (from, to) = (source.rawValue, target.rawValue)
        while true {
            let count = cl_copy_file_range(from, to, 1 << 30)
            if count > 0 { continue }
            if count == 0 { break }
            guard [EXDEV, ENOSYS, EINVAL, EOPNOTSUPP].contains(errno) else {
                throw SystemCallError("copy_file_range", errno: errno, subject: path)
            }
            break
        }
        // Also behind the end that copy_file_range saw: some file systems show sizes that are none (procfs).
        while true {
            let part = try source.readSome(1 << 18, path)
            if part.isEmpty { return }
            try target.writeAll(part, path)
        }
    }

    private func copyLink(_ entry: CopyEntry, _ folder: Int32, _ name: [CChar]) throws {
        let text = try entry.target()
        try remove(folder, name, entry)
        try check("symlinkat", entry.path) { symlinkat(text, folder, name) }
        let (uid, gid) = owner(entry)
        try check("fchownat", entry.path) { fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) }
    }

    private func copyNode(_ entry: CopyEntry, _ folder: Int32, _ name: [CChar]) throws {
        try remove(folder, name, entry)
        let device = UInt(entry.status.st_rdev)
        try check("mknodat", entry.path) {
            cl_mknodat(folder, name, entry.kind | 0o600, cl_major(device), cl_minor(device))
        }
        let (uid, gid) = owner(entry)
        let mode = ownership.mode ?? entry.status.st_mode & 0o7777
        try check("fchownat", entry.path) { fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) }
        try check("fchmodat", entry.path) { fchmodat(folder, name, mode, 0) }
    }

    /// Takes away what is at the place of a file; a folder there is an error, as its loss would be a surprise.
    private func remove(_ folder: Int32, _ name: [CChar], _ entry: CopyEntry) throws {
        if unlinkat(folder, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR else { throw SystemCallError("unlinkat", errno: errno, subject: entry.path) }
        throw RuntimeError(.invalidState, "\(entry.path): a file can't replace the folder at its place in the image")
    }

    private func owner(_ entry: CopyEntry) -> (UInt32, UInt32) {
        if let owner = ownership.owner { return (owner.uid, owner.gid) }
        return walk.root.keepsOwners ? (entry.status.st_uid, entry.status.st_gid) : (0, 0)
    }

    private func setOwner(_ file: Int32, _ entry: CopyEntry) throws {
        let (uid, gid) = owner(entry)
        let mode = ownership.mode ?? entry.status.st_mode & 0o7777
        try check("fchown", entry.path) { fchown(file, uid, gid) }
        try check("fchmod", entry.path) { fchmod(file, mode) }
    }

    private func setTimes(_ file: Int32, _ entry: CopyEntry) throws {
        let times = [entry.status.st_mtim, entry.status.st_mtim]
        try check("futimens", entry.path) { futimens(file, times) }
    }
}
