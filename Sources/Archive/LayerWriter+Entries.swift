internal import CLinux
internal import Glibc
internal import Linux
internal import Support

extension LayerWriter {
    /// The entry of what stands in a folder, without its path; nil for what an archive can't hold.
    mutating func describe(_ name: [UInt8], _ folder: Int32, _ status: stat) throws -> TarEntry? {
        guard let kind = Self.kind(status) else {
            summary.skippedSockets += 1
            return nil
        }
        var entry = TarEntry(kind, name, status.st_mode & 0o7777, clamped(status).tv_sec64)
        (entry.uid, entry.gid) = (status.st_uid, status.st_gid)
        switch kind {
        case .regular: (entry.size, entry.storedSize) = (Int64(status.st_size), Int64(status.st_size))
        case .symbolicLink:
            entry.mode = 0o777
            entry.linkName = linkTarget(folder, name[...]) ?? []
        case .characterDevice, .blockDevice:
            entry.device = (cl_major(numericCast(status.st_rdev)), cl_minor(numericCast(status.st_rdev)))
        default: break
        }
        // Labels and signatures belong to the machine, not to the image.
        entry.attributes = extendedAttributes(of: name, in: folder).filter { attribute in
            !isOverlayAttribute(attribute.name)
                && !Self.machineAttributes.contains { attribute.name.elementsEqual($0.utf8) }
        }
        return entry
    }

    private static let machineAttributes = ["security.selinux", "security.evm", "security.ima"]

    private static func kind(_ status: stat) -> TarEntry.Kind? {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .regular
        case S_IFDIR: .directory
        case S_IFLNK: .symbolicLink
        case S_IFCHR: .characterDevice
        case S_IFBLK: .blockDevice
        case S_IFIFO: .fifo
        default: nil
        }
    }

    /// Writes a file, or a hard link where it was written under another name.
    mutating func addFile(_ entry: TarEntry, _ name: [UInt8], _ folder: Int32, _ status: stat) throws {
        if let link = hardLink(entry, status) { return try add(link) }
        let opened = try check("openat", shownName(entry.name)) {
            withName(name + [0], from: 0) {
                openat(folder, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            }
        }
        let file = Descriptor(owning: opened)
        summary.fileBytes += entry.size
        guard let segments = try SparseMap.scan(file.rawValue, size: entry.size) else {
            try add(entry)
            return try writer.write(from: file.rawValue, at: 0, count: entry.size, shown: entry.name)
        }
        let map = SparseMap.data(segments)
        var sparse = entry
        sparse.segments = segments
        sparse.storedSize = Int64(map.count) + segments.reduce(0) { $0 + $1.length }
        try add(sparse)
        try map.withUnsafeBytes { try writer.write($0) }
        for segment in segments {
            try writer.write(from: file.rawValue, at: segment.offset, count: segment.length, shown: entry.name)
        }
    }

    /// Writes a link, a device or a fifo, or a hard link to one.
    mutating func addLinkable(_ entry: TarEntry, _ status: stat) throws {
        try add(hardLink(entry, status) ?? entry)
    }

    /// A hard link to the file's first name; nil where this is the first.
    private mutating func hardLink(_ entry: TarEntry, _ status: stat) -> TarEntry? {
        guard status.st_nlink > 1 else { return nil }
        let identity = FileIdentity(status)
        guard let first = linked[identity] else {
            linked[identity] = entry.name
            return nil
        }
        var link = entry
        (link.kind, link.linkName, link.size, link.storedSize, link.attributes) = (.hardLink, first, 0, 0, [])
        return link
    }

    /// The modification time that is written: whole seconds, at most the latest.
    func clamped(_ status: stat) -> timespec {
        let seconds = status.st_mtim.tv_sec
        return timespec(tv_sec: options.latestTime.map { min(seconds, Int($0)) } ?? seconds, tv_nsec: 0)
    }

    func setTime(_ folder: Int32, _ name: [UInt8], _ time: timespec) throws(SystemCallError) {
        let both = [time, time]
        try check("utimensat", shownName(name)) {
            withName(name + [0], from: 0) { utimensat(folder, $0, both, AT_SYMLINK_NOFOLLOW) }
        }
    }
}
