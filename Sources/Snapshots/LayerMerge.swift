internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// Copies layers into one folder, the lowest first, so that it comes to look as overlayfs would show them.
///
/// Everything is reached by descriptors and no link is followed. Folders that stand deeper than half of the process's
/// descriptors can't be copied.
struct LayerMerge {
    private let isRoot = geteuid() == 0
    private let target: SharedDescriptor
    /// Where the first name of a file with several names was copied to, by its inode in the layer at hand.
    private var linked: [UInt64: [UInt8]] = [:]

    /// - Parameter target: an empty folder.
    init(into target: consuming Descriptor) {
        self.target = SharedDescriptor(target)
    }

    /// Copies one more layer over those before.
    mutating func add(_ layer: borrowing Descriptor) throws {
        linked = [:]
        try copyFolder(from: layer.rawValue, to: target.rawValue, path: [])
    }

    /// Copies what a folder has, then its owner, mode, attributes and times.
    private mutating func copyFolder(from: Int32, to: Int32, path: [UInt8]) throws {
        if isOpaque(from) { try empty(to) }
        let names = try directoryEntryNames(
            Descriptor(owning: try check("openat") { openat(from, ".", folderFlags) }), shown: shown(path))
        for name in names {
            do {
                try copyEntry(name, from: from, to: to, path: path.isEmpty ? name : path + [0x2f] + name)
            } catch let error as SystemCallError where error.subject.isEmpty {
                throw SystemCallError(error.call, errno: error.errno, subject: shown(path + [0x2f] + name))
            }
        }
        for old in extendedAttributes(of: to) { removeExtendedAttribute(to, old.name) }
        try copyMetadata(from: from, to: to)
    }

    private mutating func copyEntry(_ name: [UInt8], from: Int32, to: Int32, path: [UInt8]) throws {
        let cName = name.map { CChar(bitPattern: $0) } + [0]
        var status = stat()
        try check("fstatat") { fstatat(from, cName, &status, AT_SYMLINK_NOFOLLOW) }
        let kind = status.st_mode & S_IFMT
        var there = stat()
        if fstatat(to, cName, &there, AT_SYMLINK_NOFOLLOW) == 0, kind != S_IFDIR || there.st_mode & S_IFMT != S_IFDIR {
            try removeTree(name, in: to, shown: shown(path))
        }
        switch kind {
        case S_IFDIR:
            if mkdirat(to, cName, 0o700) != 0 && errno != EEXIST { throw SystemCallError("mkdirat", errno: errno) }
            let inner = Descriptor(owning: try check("openat") { openat(from, cName, folderFlags) })
            let made = Descriptor(owning: try check("openat") { openat(to, cName, folderFlags) })
            try copyFolder(from: inner.rawValue, to: made.rawValue, path: path)
        case S_IFCHR where status.st_rdev == 0: break
        default:
            if try link(status, to: to, cName, path) { return }
            try copyNode(name, status, from: from, to: to)
        }
    }

    /// Links a further name of a file; false for the first one.
    private mutating func link(_ status: stat, to: Int32, _ name: [CChar], _ path: [UInt8]) throws -> Bool {
        guard status.st_nlink > 1 else { return false }
        guard let first = linked[UInt64(status.st_ino)] else {
            linked[UInt64(status.st_ino)] = path
            return false
        }
        let text = first.map { CChar(bitPattern: $0) } + [0]
        let root = target.rawValue
        try check("linkat") { linkat(root, text, to, name, 0) }
        return true
    }

    private func copyNode(_ name: [UInt8], _ status: stat, from: Int32, to: Int32) throws {
        let cName = name.map { CChar(bitPattern: $0) } + [0]
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            let reading = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            let writing = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let file = Descriptor(owning: try check("openat") { openat(from, cName, reading) })
            let made = Descriptor(owning: try check("openat") { openat(to, cName, writing, 0o600) })
            try copyContent(from: file.rawValue, to: made.rawValue, size: Int64(status.st_size))
            return try copyMetadata(from: file.rawValue, to: made.rawValue)
        case S_IFLNK:
            var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            try checkCount("readlinkat") { readlinkat(from, cName, &text, Int(PATH_MAX)) }
            try check("symlinkat") { symlinkat(text, to, cName) }
        default:
            let (mode, device) = (status.st_mode, UInt(status.st_rdev))
            let (major, minor) = (cl_major(device), cl_minor(device))
            try check("mknodat") { cl_mknodat(to, cName, mode, major, minor) }
            try check("fchmodat") { fchmodat(to, cName, mode & 0o7777, 0) }
        }
        let owner = (status.st_uid, status.st_gid)
        if isRoot { try check("fchownat") { fchownat(to, cName, owner.0, owner.1, AT_SYMLINK_NOFOLLOW) } }
        for attribute in extendedAttributes(of: name, in: from) where !isOverlay(attribute) {
            try setExtendedAttribute(to, name, attribute, shown: String(decoding: name, as: UTF8.self))
        }
        let times = [status.st_atim, status.st_mtim]
        try check("utimensat") { utimensat(to, cName, times, AT_SYMLINK_NOFOLLOW) }
    }

    /// Owner, mode, attributes and times of an open file or folder, in the order that keeps them all.
    private func copyMetadata(from: Int32, to: Int32) throws {
        var status = stat()
        try check("fstat") { fstat(from, &status) }
        let (owner, mode) = ((status.st_uid, status.st_gid), status.st_mode & 0o7777)
        if isRoot { try check("fchown") { fchown(to, owner.0, owner.1) } }
        try check("fchmod") { fchmod(to, mode) }
        for attribute in extendedAttributes(of: from) where !isOverlay(attribute) {
            try setExtendedAttribute(to, attribute, shown: String(decoding: attribute.name, as: UTF8.self))
        }
        let times = [status.st_atim, status.st_mtim]
        try check("futimens") { futimens(to, times) }
    }

    private func empty(_ folder: Int32) throws {
        let opened = Descriptor(owning: try check("openat") { openat(folder, ".", folderFlags) })
        for name in try directoryEntryNames(opened, shown: "opaque folder") {
            try removeTree(name, in: folder, shown: shown(name))
        }
    }

    private func isOverlay(_ attribute: ExtendedAttribute) -> Bool {
        attribute.name.starts(with: Array("trusted.overlay.".utf8))
            || attribute.name.starts(with: Array("user.overlay.".utf8))
    }

    private func isOpaque(_ folder: Int32) -> Bool {
        extendedAttributes(of: folder).contains {
            isOverlay($0) && $0.name.suffix(7).elementsEqual(Array(".opaque".utf8)) && $0.value == [UInt8(ascii: "y")]
        }
    }

    private func shown(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
}

private let folderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

/// The content of a file, shared where the file system can, else copied in the kernel, holes left out.
private func copyContent(from: Int32, to: Int32, size: Int64) throws {
    if size == 0 || cl_clone_file(from, to) == 0 { return }
    var place: Int64 = 0
    while place < size {
        let data = cl_seek_data(from, place)
        if data < 0 && errno == ENXIO { break }
        let start = data < 0 ? place : data
        let hole = data < 0 ? size : cl_seek_hole(from, start)
        try copyRange(from: from, to: to, start..<max(start, min(size, hole < 0 ? size : hole)))
        place = hole < 0 ? size : hole
    }
    try check("ftruncate") { ftruncate(to, Int(size)) }
}

private func copyRange(from: Int32, to: Int32, _ range: Range<Int64>) throws {
    var place = range.lowerBound
    while place < range.upperBound {
        let count = cl_copy_range(from, to, place, range.upperBound - place)
        if count < 0 && errno == EINTR { continue }
        // The file ends earlier than its status said: it is being changed, which layers never are.
        guard count != 0 else { throw SystemCallError("copy_file_range", errno: EIO) }
        guard count > 0 else { throw SystemCallError("copy_file_range", errno: errno) }
        place += Int64(count)
    }
}
