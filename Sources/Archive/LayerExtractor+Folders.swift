internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// The times of folders, and where they belong: set at the end, because what is made in a folder changes them.
struct FolderTimes {
    struct Record {
        /// How many bytes of the record before this one's path stand in front of `suffix`.
        let shared: Int
        /// Where the rest of the path lies in `suffixes`.
        let suffix: Range<Int>
        let time: timespec
        /// The mode to set at the end, where an unprivileged process could not have worked with it.
        let mode: UInt32?
    }

    private(set) var records: [Record] = []
    private(set) var suffixes: [UInt8] = []
    private var lastPath: [UInt8] = []

    /// Notes a folder by the NUL-terminated names that lead to it.
    mutating func append(
        _ path: [UInt8], _ time: timespec, mode: UInt32?, limits: ExtractionLimits, entry: [UInt8]
    ) throws(RuntimeError) {
        var shared = 0
        let most = min(path.count, lastPath.count)
        while shared < most && path[shared] == lastPath[shared] { shared += 1 }
        let start = suffixes.count
        suffixes += path[shared...]
        lastPath = path
        records.append(.init(shared: shared, suffix: start..<suffixes.count, time: time, mode: mode))
        if suffixes.count + records.count * 48 > limits.folderBytes {
            throw exceeded(entry, "more folders than \(limits.folderBytes) bytes of memory hold")
        }
    }
}

extension LayerExtractor {
    mutating func extractFolder(_ entry: borrowing TarEntry) throws {
        let folder = try parentFolder(entry)
        let isNew = try makeFolder(folder, path.last)
        let opened = path.withLast {
            openat(folder, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard opened >= 0 else { throw SystemCallError("openat", errno: errno) }
        let made = Descriptor(owning: opened)
        if !isNew { for old in attributes(of: opened) { removeExtendedAttribute(opened, old.name) } }
        try setFolderMetadata(made, entry)
        try times.append(
            cursor.names + path.last + [0], timeSpecs(entry)[0], mode: options.privileged ? nil : entry.mode,
            limits: options.limits, entry: entry.name)
    }

    /// Owner, mode and attributes of a folder. A user who is not root gets a mode that lets him work in it; the
    /// real one is set at the end.
    private mutating func setFolderMetadata(_ made: borrowing Descriptor, _ entry: borrowing TarEntry) throws {
        try setMetadata(made, entry)
        let raw = made.rawValue
        let mode = entry.mode | 0o700
        if !options.privileged { try check("fchmod") { fchmod(raw, mode) } }
    }

    /// Makes a folder; one that is there stays, anything else gives way. False where it was there.
    ///
    /// What gave way also hid the lower layers' folder of this name, and so must the new one: it becomes opaque.
    private func makeFolder(_ folder: Int32, _ name: ArraySlice<UInt8>) throws -> Bool {
        let cName = Array(name) + [0]
        if withName(cName, from: 0, { mkdirat(folder, $0, 0o755) }) == 0 { return true }
        guard errno == EEXIST else { throw SystemCallError("mkdirat", errno: errno) }
        if let status = entryStatus(folder, name), status.st_mode & S_IFMT == S_IFDIR { return false }
        try remove(name, in: folder)
        try check("mkdirat") { withName(cName, from: 0) { mkdirat(folder, $0, 0o755) } }
        try makeOpaque(folder, name)
        return true
    }

    /// Makes a folder hide the lower layers' one.
    func makeOpaque(_ folder: Int32, _ name: ArraySlice<UInt8>) throws {
        let opened = try check("openat") {
            withName(Array(name) + [0], from: 0) {
                openat(folder, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
        }
        let made = Descriptor(owning: opened)
        try setAttribute(made.rawValue, opaqueAttribute(privileged: options.privileged), [UInt8(ascii: "y")])
    }

    /// Makes a folder that the archive implies by an entry below it, like the lower layers' one if there is one.
    mutating func makeImpliedFolder(_ folder: Int32, _ name: ArraySlice<UInt8>, in cursor: FolderCursor) throws {
        _ = try makeFolder(folder, name)
        let path = cursor.names + name + [0]
        let components = path.split(separator: 0)
        let opened = try check("openat") {
            withName(Array(name) + [0], from: 0) {
                openat(folder, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
        }
        let made = Descriptor(owning: opened)
        guard let lower = try lowers.find(components), lower.status.st_mode & S_IFMT == S_IFDIR, !isOpaque(opened)
        else {
            try check("fchmod") { fchmod(opened, 0o755) }
            if options.privileged { try check("fchown") { fchown(opened, 0, 0) } }
            return
        }
        let source = try check("openat") {
            withName(Array(lower.name) + [0], from: 0) {
                openat(lower.folder.rawValue, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
        }
        try copyFolderMetadata(from: Descriptor(owning: source), to: made, path: path)
    }

    /// Owner, mode, attributes and time of one folder for another.
    private mutating func copyFolderMetadata(
        from source: borrowing Descriptor, to made: borrowing Descriptor, path: [UInt8]
    ) throws {
        let (from, to) = (source.rawValue, made.rawValue)
        var status = stat()
        try check("fstat") { fstat(from, &status) }
        if options.privileged { try check("fchown") { fchown(to, status.st_uid, status.st_gid) } }
        let mode = status.st_mode & 0o7777
        try check("fchmod") { fchmod(to, options.privileged ? mode : mode | 0o700) }
        try setAttributes(attributes(of: from)) { try setAttribute(to, $0, $1) }
        try times.append(
            path, status.st_mtim, mode: options.privileged ? nil : mode, limits: options.limits,
            entry: path.dropLast() + [])
    }

    /// The layer's root is an entry like others, but it is there already.
    mutating func extractRoot(_ entry: borrowing TarEntry) throws {
        guard entry.kind == .directory else { throw refused(entry.name, "the root of a layer is a folder") }
        try setFolderMetadata(try openRoot(), entry)
        try times.append(
            [], timeSpecs(entry)[0], mode: options.privileged ? nil : entry.mode, limits: options.limits,
            entry: entry.name)
        hasRoot = true
    }

    private func openRoot() throws -> Descriptor {
        let root = root
        return Descriptor(owning: try check("openat") { openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    }

    /// Sets what had to wait: the root's metadata where the archive has none, and the times of all folders.
    mutating func finishFolders() throws {
        if hidesLowers { try hideLowerRoots() }
        if !hasRoot {
            let made = try openRoot()
            if let lower = try lowers.root {
                let source = try check("openat") { openat(lower, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
                try copyFolderMetadata(from: Descriptor(owning: source), to: made, path: [])
            } else {
                let raw = made.rawValue
                try check("fchmod") { fchmod(raw, 0o755) }
            }
        }
        cursor.reset()
        let cursor = FolderCursor(root: root, followsLinks: false)
        var place: [UInt8] = []
        for record in times.records {
            place.removeSubrange(record.shared...)
            place += times.suffixes[record.suffix]
            try finish(place, record, cursor)
        }
    }

    private func finish(_ place: [UInt8], _ record: FolderTimes.Record, _ cursor: FolderCursor) throws {
        let both = [record.time, record.time]
        guard !place.isEmpty else {
            try check("utimensat") { utimensat(root, ".", both, AT_SYMLINK_NOFOLLOW) }
            if let mode = record.mode { try check("fchmodat") { fchmodat(root, ".", mode, 0) } }
            return
        }
        var path = EntryPath()
        let name = place.dropLast().map { $0 == 0 ? 0x2f : $0 }
        var limits = options.limits
        (limits.pathBytes, limits.depth) = (.max, .max)
        try path.set(name, limits: limits)
        // A folder that a later entry has replaced has no time to set.
        guard let folder = try? cursor.moveToParent(of: path, entry: name, make: { _, _ in false }),
            let status = entryStatus(folder, path.last), status.st_mode & S_IFMT == S_IFDIR
        else { return cursor.reset() }
        try check("utimensat", shownName(name)) {
            path.withLast { utimensat(folder, $0, both, AT_SYMLINK_NOFOLLOW) }
        }
        if let mode = record.mode {
            try check("fchmodat", shownName(name)) { path.withLast { fchmodat(folder, $0, mode, 0) } }
        }
    }
}
