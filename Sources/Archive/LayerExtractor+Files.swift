internal import CLinux
internal import Glibc
internal import Linux
internal import Support

extension LayerExtractor {
    mutating func extractFile(_ entry: borrowing TarEntry) throws {
        let folder = try parentFolder(entry)
        try account(entry.storedSize, entry.name)
        let opened = try replacing(folder, "openat") {
            openat(folder, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        let file = Descriptor(owning: opened)
        if let segments = entry.segments {
            for segment in segments {
                var offset = segment.offset
                try reader.take(segment.length) {
                    try writeDescriptor(opened, $0, at: offset)
                    offset += Int64($0.count)
                }
            }
            try check("ftruncate") { ftruncate(opened, Int(entry.size)) }
        } else if entry.storedSize > 0 {
            try reader.take(entry.storedSize) { try writeDescriptor(opened, $0) }
        }
        try setMetadata(file, entry)
        var times = timeSpecs(entry)
        try check("futimens") { futimens(opened, &times) }
    }

    /// Counts file data that is about to be written.
    mutating func account(_ bytes: Int64, _ name: [UInt8]) throws {
        summary.fileBytes += bytes
        if summary.fileBytes > options.limits.unpackedBytes {
            throw exceeded(name, "with it the layer has more than \(options.limits.unpackedBytes) bytes")
        }
    }

    /// Owner, mode and attributes of an open file or folder: in this order, because a change of owner takes the
    /// set-user-id bit and capabilities away.
    mutating func setMetadata(_ file: borrowing Descriptor, _ entry: borrowing TarEntry) throws {
        let raw = file.rawValue
        let (uid, gid, mode) = (entry.uid, entry.gid, entry.mode)
        if options.privileged { try check("fchown") { fchown(raw, uid, gid) } }
        try check("fchmod") { fchmod(raw, mode) }
        try setAttributes(entry.attributes) { try setAttribute(raw, $0, $1) }
    }

    /// Sets attributes; those that the file system has no place for, and overlayfs's own, are counted instead.
    mutating func setAttributes(
        _ attributes: [TarEntry.Attribute], _ set: ([UInt8], [UInt8]) throws -> Void
    ) throws {
        for attribute in attributes {
            if isOverlayAttribute(attribute.name) {
                summary.skippedAttributes += 1
                continue
            }
            do {
                try set(attribute.name, attribute.value)
            } catch let error as SystemCallError
                where error.errno == EOPNOTSUPP
                || error.errno == EPERM
                    && (!options.privileged || attribute.name.starts(with: Array("user.".utf8)))
            {
                summary.skippedAttributes += 1
            }
        }
    }

    mutating func extractSymbolicLink(_ entry: borrowing TarEntry) throws {
        let target = entry.linkName
        guard !target.isEmpty && !target.contains(0) else {
            throw refused(entry.name, "the link's target is empty or has a NUL")
        }
        guard target.count <= options.limits.pathBytes else {
            throw exceeded(entry.name, "a link's target of \(target.count) bytes")
        }
        let folder = try parentFolder(entry)
        try replacing(folder, "symlinkat") { name in
            withName(target + [0], from: 0) { symlinkat($0, folder, name) }
        }
        try setEntryMetadata(folder, entry, path.last, hasMode: false)
    }

    mutating func extractNode(_ entry: borrowing TarEntry) throws {
        let kind = entry.kind
        let device = entry.device
        let folder = try parentFolder(entry)
        if kind != .fifo && !options.privileged {
            summary.skippedDevices += 1
            return
        }
        let type = kind == .fifo ? S_IFIFO : kind == .blockDevice ? S_IFBLK : S_IFCHR
        try replacing(folder, "mknodat") { cl_mknodat(folder, $0, type | 0o600, device.major, device.minor) }
        try setEntryMetadata(folder, entry, path.last, hasMode: true)
    }

    /// Owner, mode, attributes and times of an entry that is not opened: a link, a device, a fifo.
    mutating func setEntryMetadata(
        _ folder: Int32, _ entry: borrowing TarEntry, _ name: ArraySlice<UInt8>, hasMode: Bool
    ) throws {
        let (uid, gid, mode) = (entry.uid, entry.gid, entry.mode)
        let cName = Array(name) + [0]
        if options.privileged {
            try check("fchownat") {
                withName(cName, from: 0) { fchownat(folder, $0, uid, gid, AT_SYMLINK_NOFOLLOW) }
            }
        }
        // fchmodat has no way to leave a link alone; what is here was just made, and is none.
        if hasMode { try check("fchmodat") { withName(cName, from: 0) { fchmodat(folder, $0, mode, 0) } } }
        try setAttributes(entry.attributes) { try setAttribute(folder, name, $0, $1) }
        var times = timeSpecs(entry)
        try check("utimensat") {
            withName(cName, from: 0) { utimensat(folder, $0, &times, AT_SYMLINK_NOFOLLOW) }
        }
    }
}

/// Access and modification time for utimensat: both the entry's modification time.
func timeSpecs(_ entry: borrowing TarEntry) -> [timespec] {
    let time = timespec(tv_sec: Int(entry.modified.seconds), tv_nsec: entry.modified.nanoseconds)
    return [time, time]
}
