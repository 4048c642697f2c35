internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// The open folders from the root of a layer down to the one that is worked in.
///
/// Every step opens one component with O_NOFOLLOW in the folder before it, so that nothing but what stands below
/// the root can be reached. A link in the way is read, and its target walked from here by the same steps: an
/// absolute one from the root, and `..` by going back in the list; one that leads above the root, or to
/// something that this layer does not have, is refused. Entries of the same folder, one after the other, cost
/// no walk at all.
final class FolderCursor {
    private struct Level {
        var descriptor: Int32
        /// Where the folder's name starts in `names`.
        let nameStart: Int
    }

    /// Folders that are kept open at a time; higher ones are opened again when they are needed.
    private static let openLevels = 32

    private let root: Int32
    /// Names of the folders below the root, each NUL-terminated: where the cursor physically stands.
    private(set) var names: [UInt8] = []
    private var levels: [Level] = []
    /// The folders of the path that led here, as the archive spelt them.
    private var spelling: [UInt8] = []
    private var hasFollowed = false
    private var isValid = false
    /// False: any link in the way is refused.
    private let followsLinks: Bool

    /// A cursor at the folder `root`, whose descriptor must stay open.
    init(root: Int32, followsLinks: Bool) {
        self.root = root
        self.followsLinks = followsLinks
    }

    deinit {
        for level in levels where level.descriptor >= 0 { close(level.descriptor) }
    }

    var depth: Int { levels.count }

    /// Forgets where it stands: folders on the way may have been removed.
    func reset() {
        truncate(0)
        isValid = false
    }

    /// Goes to the folder of `path`'s last component and returns its descriptor, valid until the next call.
    ///
    /// - Parameters:
    ///   - entry: the archive's name, for errors.
    ///   - make: called for a component that is not there, with the folder, the name in it and the whole path
    ///     of components so far; returns false when there shall be none.
    func moveToParent(
        of path: EntryPath, entry: [UInt8], make: (Int32, ArraySlice<UInt8>) throws -> Bool
    ) throws -> Int32 {
        let length = path.parentLength
        if isValid && spelling.count == length && spelling.elementsEqual(path.bytes[..<length]) { return try top() }
        var common = 0
        if isValid && !hasFollowed {
            while common < levels.count && common < path.count - 1
                && path.component(common).elementsEqual(name(of: common))
            {
                common += 1
            }
        }
        isValid = false
        hasFollowed = false
        truncate(common)
        var links = 0
        for index in common..<max(common, path.count - 1) {
            try step(path.component(index), entry: entry, links: &links, make: make)
        }
        spelling.removeAll(keepingCapacity: true)
        spelling += path.bytes[..<length]
        isValid = true
        return try top()
    }

    private func name(of index: Int) -> ArraySlice<UInt8> {
        let end = index + 1 < levels.count ? levels[index + 1].nameStart : names.count
        return names[levels[index].nameStart..<(end - 1)]
    }

    private func step(
        _ name: ArraySlice<UInt8>, entry: [UInt8], links: inout Int,
        make: (Int32, ArraySlice<UInt8>) throws -> Bool
    ) throws {
        let folder = try top()
        var opened = openFolder(folder, name)
        if opened < 0 && errno == ENOENT {
            guard try make(folder, name) else {
                if links > 0 { throw refused(entry, "it goes through a link that leads to nothing in this layer") }
                throw SystemCallError("openat", errno: ENOENT, subject: shownName(Array(name)))
            }
            opened = openFolder(folder, name)
        }
        if opened >= 0 { return push(opened, name) }
        guard errno == ENOTDIR || errno == ELOOP else {
            throw SystemCallError("openat", errno: errno, subject: shownName(Array(name)))
        }
        if let target = linkTarget(folder, name) {
            return try follow(target, from: name, entry: entry, links: &links)
        }
        // A whiteout of this very layer gives way to a folder.
        if isWhiteout(folder, name), try make(folder, name) {
            let opened = openFolder(folder, name)
            if opened >= 0 { return push(opened, name) }
        }
        throw refused(entry, "\(shownName(Array(name))) on its way is no folder")
    }

    private func follow(
        _ target: [UInt8], from name: ArraySlice<UInt8>, entry: [UInt8], links: inout Int
    ) throws {
        let shown = "the link \(shownName(Array(name))) → \(shownName(target))"
        guard followsLinks else { throw refused(entry, "it goes through \(shown)") }
        links += 1
        hasFollowed = true
        guard links <= 40 else { throw refused(entry, "it goes through more than 40 links") }
        if target.first == 0x2f { truncate(0) }
        for component in target.split(separator: 0x2f) where !component.elementsEqual([0x2e]) {
            if component.elementsEqual([0x2e, 0x2e]) {
                guard !levels.isEmpty else { throw refused(entry, "it leaves the layer through \(shown)") }
                truncate(levels.count - 1)
            } else {
                try step(component, entry: entry, links: &links) { _, _ in false }
            }
        }
    }

    private func push(_ descriptor: Int32, _ name: ArraySlice<UInt8>) {
        levels.append(Level(descriptor: descriptor, nameStart: names.count))
        names += name
        names.append(0)
        let evicted = levels.count - 1 - Self.openLevels
        if evicted >= 0 && levels[evicted].descriptor >= 0 {
            close(levels[evicted].descriptor)
            levels[evicted].descriptor = -1
        }
    }

    private func truncate(_ depth: Int) {
        while levels.count > depth, let level = levels.popLast() {
            if level.descriptor >= 0 { close(level.descriptor) }
            names.removeSubrange(level.nameStart...)
        }
    }

    /// The folder it stands in, opened again from the nearest one above that is open.
    private func top() throws -> Int32 {
        guard let last = levels.last else { return root }
        if last.descriptor >= 0 { return last.descriptor }
        var from = levels.count - 1
        while from > 0 && levels[from - 1].descriptor < 0 { from -= 1 }
        for index in from..<levels.count {
            let above = index == 0 ? root : levels[index - 1].descriptor
            levels[index].descriptor = openFolder(above, name(of: index))
            guard levels[index].descriptor >= 0 else {
                throw SystemCallError("openat", errno: errno, subject: shownName(Array(name(of: index))))
            }
            // Only the lowest stays open.
            if index > from {
                close(levels[index - 1].descriptor)
                levels[index - 1].descriptor = -1
            }
        }
        return levels.last?.descriptor ?? root
    }
}

/// Opens a folder in a folder, never through a link; -1 leaves errno.
func openFolder(_ folder: Int32, _ name: ArraySlice<UInt8>) -> Int32 {
    withName(Array(name) + [0], from: 0) {
        openat(folder, $0, CL_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
}

/// The status of an entry itself; nil leaves errno.
func entryStatus(_ folder: Int32, _ name: ArraySlice<UInt8>) -> stat? {
    var status = stat()
    let result = withName(Array(name) + [0], from: 0) { fstatat(folder, $0, &status, AT_SYMLINK_NOFOLLOW) }
    return result == 0 ? status : nil
}

/// The target of a link; nil for what is none.
func linkTarget(_ folder: Int32, _ name: ArraySlice<UInt8>) -> [UInt8]? {
    withName(Array(name) + [0], from: 0) { pointer in
        let target = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            buffer.withMemoryRebound(to: CChar.self) {
                guard let start = $0.baseAddress else { return }
                count = max(0, readlinkat(folder, pointer, start, $0.count))
            }
        }
        return target.isEmpty ? nil : target
    }
}

/// Whether an entry is overlayfs's mark of a removed one: a character device 0/0.
func isWhiteout(_ folder: Int32, _ name: ArraySlice<UInt8>) -> Bool {
    guard let status = entryStatus(folder, name) else { return false }
    return isWhiteout(status)
}

/// Whether this is the status of a character device 0/0.
func isWhiteout(_ status: stat) -> Bool {
    status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
}
