internal import CLinux
internal import Glibc

/// Removes a tree of the host without following links or crossing into another file system.
///
/// A missing path is no error. Names are bytes, of any encoding; the depth is bounded by neither stack nor
/// descriptors; a folder that its owner made unreadable is made readable first. The walk is by descriptor, so a
/// folder swapped for a link is not followed.
public func removeTree(_ path: String) throws(SystemCallError) {
    if unlink(path) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else { throw SystemCallError("unlink", errno: errno, subject: path) }
    let parent = try Descriptor.open(parentPath(path), CL_O_PATH | O_DIRECTORY)
    let name = path.split(separator: "/").last.map(String.init) ?? path
    try removeTree(Array(name.utf8), in: parent, shown: path)
}

/// Removes the entry `name` of an open folder, and all below it when it is a folder itself.
///
/// - Parameters:
///   - name: one path component, without NUL.
///   - parent: the folder (O_PATH suffices).
///   - shown: names the entry in errors.
public func removeTree(
    _ name: [UInt8], in parent: borrowing Descriptor, shown: String
) throws(SystemCallError) {
    try removeTree(name, in: parent.rawValue, shown: shown)
}

/// Like ``removeTree(_:in:shown:)`` for a descriptor that the caller keeps open meanwhile.
public func removeTree(_ name: [UInt8], in parent: Int32, shown: String) throws(SystemCallError) {
    let cName = name + [0]
    if unlinkat(parent, cName, 0) || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else { throw SystemCallError("unlinkat", errno: errno, subject: shown) }
    var removal = TreeRemoval(parent: parent, shown: shown)
    try removal.run(cName)
}

/// unlinkat on a NUL-terminated name of any bytes; false leaves errno.
private func unlinkat(_ folder: Int32, _ name: [UInt8], _ flags: Int32) -> Bool {
    // SAFETY: the callers pass a NUL-terminated array, which stays valid during the call.
    name.withUnsafeBytes { bytes in
        bytes.baseAddress.map { Glibc.unlinkat(folder, $0.assumingMemoryBound(to: CChar.self), flags) == 0 } ?? false
    }
}

/// One removal: the folders from the top of the tree down to the one being emptied.
///
/// Only the lowest ``openLevels`` folders are kept open. A higher one is opened again through `..` of its child
/// and must then be the same inode, so that a folder moved elsewhere meanwhile leads nowhere.
private struct TreeRemoval: ~Copyable {
    private struct Level {
        var descriptor: Int32
        let inode: UInt64
        let device: UInt64
        /// This folder's own name in its parent, NUL-terminated.
        let name: [UInt8]
        /// Folders in it that are still to be removed, each NUL-terminated.
        var pending: [UInt8]
        var rescans = 0
    }

    private static let openLevels = 32

    private let parent: Int32
    private let shown: String
    private var levels: [Level] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32768, alignment: 8)

    init(parent: Int32, shown: String) {
        self.parent = parent
        self.shown = shown
    }

    deinit {
        for level in levels where level.descriptor >= 0 { close(level.descriptor) }
        buffer.deallocate()
    }

    /// Empties and removes the folder `name` of the parent.
    mutating func run(_ name: [UInt8]) throws(SystemCallError) {
        try descend(into: name, of: parent)
        while let last = levels.indices.last {
            if let child = takePending(last) {
                try descend(into: child, of: levels[last].descriptor)
            } else {
                try ascend(last)
            }
        }
    }

    /// The last pending folder of a level.
    private mutating func takePending(_ index: Int) -> [UInt8]? {
        guard !levels[index].pending.isEmpty else { return nil }
        let start = (levels[index].pending.dropLast().lastIndex(of: 0) ?? -1) + 1
        let name = Array(levels[index].pending[start...])
        levels[index].pending.removeSubrange(start...)
        return name
    }

    /// Opens a folder, removes what is in it except folders, and makes it the lowest level.
    private mutating func descend(into name: [UInt8], of folder: Int32) throws(SystemCallError) {
        if unlinkat(folder, name, AT_REMOVEDIR) { return }
        let descriptor = openFolder(name, of: folder)
        if descriptor < 0 {
            if errno == ENOENT { return }
            throw SystemCallError("openat2", errno: errno, subject: shown)
        }
        var status = stat()
        fstat(descriptor, &status)
        levels.append(
            Level(
                descriptor: descriptor, inode: UInt64(status.st_ino), device: UInt64(status.st_dev), name: name,
                pending: []))
        let evicted = levels.count - Self.openLevels
        if evicted > 0 {
            close(levels[evicted - 1].descriptor)
            levels[evicted - 1].descriptor = -1
        }
        try scan(levels.count - 1)
    }

    private func openFolder(_ name: [UInt8], of folder: Int32) -> Int32 {
        let flags = UInt64(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        // SAFETY: `name` is NUL-terminated and stays valid during the calls.
        return name.withUnsafeBytes { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
            if RootWalk.isNeeded {
                // One name, which O_NOFOLLOW keeps from being a link; a mount on it shows by its device.
                let opened = openat(folder, pointer, Int32(truncatingIfNeeded: flags))
                if opened < 0 || isSameDevice(opened, folder) { return opened }
                close(opened)
                errno = EXDEV
                return -1
            }
            let opened = cl_openat2(folder, pointer, flags, 0, CL_RESOLVE_NO_XDEV | CL_RESOLVE_NO_SYMLINKS)
            guard opened < 0 && errno == EACCES else { return opened }
            // Its owner closed it to himself: open the entry itself, and change the mode of what was opened.
            let handle = cl_openat2(
                folder, pointer, UInt64(CL_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0,
                CL_RESOLVE_NO_XDEV | CL_RESOLVE_NO_SYMLINKS)
            guard handle >= 0 else { return -1 }
            defer { close(handle) }
            guard chmod("/proc/self/fd/\(handle)", 0o700) == 0 else { return -1 }
            return openat(handle, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
    }

    private func isSameDevice(_ one: Int32, _ other: Int32) -> Bool {
        var (first, second) = (stat(), stat())
        return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_dev == second.st_dev
    }

    /// Removes every entry of a level that is no folder and notes the folders.
    private mutating func scan(_ index: Int) throws(SystemCallError) {
        let descriptor = levels[index].descriptor
        let shown = shown
        while true {
            let filled = try checkCount("getdents64", shown) {
                cl_getdents64(descriptor, buffer.baseAddress, buffer.count)
            }
            if filled == 0 { return }
            var offset = 0
            while offset < filled {
                // SAFETY: the kernel filled `filled` bytes with linux_dirent64 records: 8 bytes inode, 8 offset,
                // 2 record length, 1 type, then a NUL-terminated name within the record.
                let length = Int(buffer.loadUnaligned(fromByteOffset: offset + 16, as: UInt16.self))
                let isFolder = buffer[offset + 18] == 4
                let record = UnsafeRawBufferPointer(rebasing: buffer[offset + 19..<offset + length])
                let name = Array(record[...(record.firstIndex(of: 0) ?? record.count - 1)])
                offset += length
                if name == [0x2e, 0] || name == [0x2e, 0x2e, 0] { continue }
                if !isFolder {
                    if unlinkat(descriptor, name, 0) || errno == ENOENT { continue }
                    guard errno == EISDIR || errno == EPERM else {
                        throw SystemCallError("unlinkat", errno: errno, subject: shown)
                    }
                }
                levels[index].pending += name
            }
        }
    }

    /// Removes an emptied level from its parent; what appeared in it meanwhile is removed too, a few times.
    private mutating func ascend(_ index: Int) throws(SystemCallError) {
        let above = try parentDescriptor(of: index)
        if unlinkat(above, levels[index].name, AT_REMOVEDIR) || errno == ENOENT {
            close(levels[index].descriptor)
            levels.removeLast()
            return
        }
        guard errno == ENOTEMPTY && levels[index].rescans < 3 else {
            throw SystemCallError("rmdir", errno: errno, subject: shown)
        }
        levels[index].rescans += 1
        lseek(levels[index].descriptor, 0, SEEK_SET)
        try scan(index)
    }

    private mutating func parentDescriptor(of index: Int) throws(SystemCallError) -> Int32 {
        if index == 0 { return parent }
        if levels[index - 1].descriptor >= 0 { return levels[index - 1].descriptor }
        let below = levels[index].descriptor
        let shown = shown
        let opened = try check("openat", shown) { openat(below, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        var status = stat()
        fstat(opened, &status)
        guard UInt64(status.st_ino) == levels[index - 1].inode && UInt64(status.st_dev) == levels[index - 1].device
        else {
            close(opened)
            throw SystemCallError("openat", errno: ESTALE, subject: "\(shown): a folder was moved while it was removed")
        }
        levels[index - 1].descriptor = opened
        return opened
    }
}
