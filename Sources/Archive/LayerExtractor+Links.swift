internal import CLinux
internal import Glibc
internal import Linux
internal import Support

extension LayerExtractor {
    /// A hard link to a file of this layer, or of a lower one, which is then copied up to its own place first.
    mutating func extractHardLink(_ entry: borrowing TarEntry) throws {
        do {
            try linkPath.set(entry.linkName, limits: options.limits)
        } catch {
            throw refused(entry.name, "its target \(error.message.replacingEntryPrefix)")
        }
        guard linkPath.count > 0, !linkPath.last.starts(with: Whiteout.prefix) else {
            throw refused(entry.name, "a hard link to \(shownName(entry.linkName))")
        }
        // A link to itself would remove its own target.
        if linkPath.bytes == path.bytes { throw refused(entry.name, "a hard link to itself") }
        let folder = try parentFolder(entry)
        if try linkToLayer(folder, entry) { return }
        guard try copyUp(entry), try linkToLayer(folder, entry) else {
            throw refused(entry.name, "a hard link to \(shownName(entry.linkName)), which is in no layer")
        }
    }

    /// False where this layer does not have the target.
    private mutating func linkToLayer(_ folder: Int32, _ entry: borrowing TarEntry) throws -> Bool {
        let target: Int32
        do {
            target = try linkCursor.moveToParent(of: linkPath, entry: entry.name) { _, _ in false }
        } catch let error as SystemCallError where error.errno == ENOENT {
            return false
        }
        guard let status = entryStatus(target, linkPath.last) else { return false }
        if isWhiteout(status) { return false }
        if status.st_mode & S_IFMT == S_IFDIR {
            throw refused(entry.name, "a hard link to the folder \(shownName(entry.linkName))")
        }
        if let there = entryStatus(folder, path.last) {
            if there.st_ino == status.st_ino && there.st_dev == status.st_dev { return true }
            // The target may be in the very folder that gives way: look for it again.
            try remove(path.last, in: folder)
            return try linkToLayer(folder, entry)
        }
        try check("linkat") {
            path.withLast { name in linkPath.withLast { linkat(target, $0, folder, name, 0) } }
        }
        return true
    }

    /// Copies a hard link's target from the lower layers; false where they do not have it.
    private mutating func copyUp(_ entry: borrowing TarEntry) throws -> Bool {
        let components = (0..<linkPath.count).map { linkPath.component($0) }
        guard let lower = try lowers.find(components) else { return false }
        let linkCursor = linkCursor
        let target = try linkCursor.moveToParent(of: linkPath, entry: entry.name) { folder, name in
            // A whiteout of this layer in the way hides the target.
            if entryStatus(folder, name) != nil { return false }
            try makeImpliedFolder(folder, name, in: linkCursor)
            return true
        }
        // Here too.
        if entryStatus(target, linkPath.last) != nil { return false }
        switch lower.status.st_mode & S_IFMT {
        case S_IFREG: try copyFile(lower, to: target, entry)
        case S_IFLNK:
            guard let text = linkTarget(lower.folder.rawValue, lower.name) else { return false }
            try check("symlinkat") {
                withName(text + [0], from: 0) { text in linkPath.withLast { symlinkat(text, target, $0) } }
            }
            if options.privileged {
                try check("fchownat") {
                    linkPath.withLast {
                        fchownat(target, $0, lower.status.st_uid, lower.status.st_gid, AT_SYMLINK_NOFOLLOW)
                    }
                }
            }
        default: throw refused(entry.name, "a hard link to a lower layer's \(shownName(entry.linkName)), no file")
        }
        return true
    }

    private mutating func copyFile(
        _ lower: borrowing LowerLayers.Entry, to folder: Int32, _ entry: borrowing TarEntry
    ) throws {
        let status = lower.status
        try account(Int64(status.st_size), entry.name)
        let from = try check("openat") {
            withName(Array(lower.name) + [0], from: 0) {
                openat(lower.folder.rawValue, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            }
        }
        let source = Descriptor(owning: from)
        let to = try check("openat") {
            linkPath.withLast { openat(folder, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        }
        let copy = Descriptor(owning: to)
        while true {
            let bytes = try source.readSome(1 << 20)
            if bytes.isEmpty { break }
            try copy.writeAll(bytes)
        }
        if options.privileged { try check("fchown") { fchown(to, status.st_uid, status.st_gid) } }
        try check("fchmod") { fchmod(to, status.st_mode & 0o7777) }
        try setAttributes(attributes(of: from)) { try setAttribute(to, $0, $1) }
        let times = [status.st_mtim, status.st_mtim]
        try check("futimens") { futimens(to, times) }
    }
}

extension String {
    /// The message of a path's error without the `entry NAME: ` that names the wrong one.
    fileprivate var replacingEntryPrefix: String {
        hasPrefix("entry ") ? String(dropFirst(6)) : self
    }
}
