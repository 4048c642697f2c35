internal import CLinux
internal import ContentStore
internal import Dockerfile
internal import Glibc
internal import Linux
internal import Support

/// What COPY gives to everything it copies.
struct CopyOwnership: Equatable {
    /// Owner and group; nil keeps each file's.
    var owner: (uid: UInt32, gid: UInt32)?
    /// Permission bits; nil keeps each file's.
    var mode: UInt32?

    static func == (left: CopyOwnership, right: CopyOwnership) -> Bool {
        left.mode == right.mode && left.owner?.uid == right.owner?.uid && left.owner?.gid == right.owner?.gid
    }
}

/// One entry beneath a ``CopyRoot``, as its folder's descriptor and its name.
struct CopyEntry {
    let folder: Int32
    let name: [CChar]
    /// Beneath the root.
    let path: String
    let status: stat
    /// The O_PATH descriptor of a file that a source names itself; links to it were followed.
    var opened: Int32?

    var kind: UInt32 { status.st_mode & S_IFMT }

    /// Opens a regular file, however it has changed meanwhile.
    func open() throws -> Descriptor {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        guard kind == S_IFREG else { throw RuntimeError(.invalidArgument, "\(path): no regular file") }
        // A descriptor of ours behind procfs's link leads to that very file.
        let file = Descriptor(
            owning: try check("openat", path) {
                if let opened { return Glibc.open("/proc/self/fd/\(opened)", flags & ~O_NOFOLLOW) }
                return openat(folder, name, flags)
            })
        var now = stat()
        let raw = file.rawValue
        try check("fstat", path) { fstat(raw, &now) }
        guard now.st_mode & S_IFMT == S_IFREG else {
            throw RuntimeError(.invalidState, "\(path): it is no file any more")
        }
        return file
    }

    /// What a link says.
    func target() throws -> [CChar] {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        try checkCount("readlinkat", path) { readlinkat(folder, name, &text, Int(PATH_MAX)) }
        return text
    }

    /// File capabilities, the one attribute that is a part of what a program can do.
    static func capabilities(_ file: borrowing Descriptor) -> [UInt8] {
        let raw = file.rawValue
        return [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
            count = max(0, cl_fgetxattr(raw, "security.capability", buffer.baseAddress, buffer.count))
        }
    }
}

/// Goes through what a source has, sorted by name; folders before what they hold.
struct CopyWalk {
    /// Folders below each other at most: each holds a descriptor.
    static let depth = 256
    let root: CopyRoot
    let source: CopySource

    /// Calls `body` for each entry, and `leave` for each folder when all it has was gone through.
    func visit(_ body: (CopyEntry) throws -> Void, leave: (CopyEntry) throws -> Void = { _ in }) throws {
        guard !source.isFolder else {
            let folder = try root.root.open(source.path.isEmpty ? "/" : source.path, O_RDONLY | O_DIRECTORY)
            return try contents(folder, source.path, 0, body, leave)
        }
        // A link that a source names is followed; its name is kept.
        let file = try root.root.open(source.path, CL_O_PATH)
        let raw = file.rawValue
        var status = stat()
        try check("fstat", source.path) { fstat(raw, &status) }
        try body(CopyEntry(folder: -1, name: [0], path: source.path, status: status, opened: raw))
    }

    private func contents(
        _ folder: borrowing Descriptor, _ path: String, _ depth: Int,
        _ body: (CopyEntry) throws -> Void, _ leave: (CopyEntry) throws -> Void
    ) throws {
        guard depth < Self.depth else {
            throw RuntimeError(.resourceExhausted, "\(path): more than \(Self.depth) folders deep")
        }
        let raw = folder.rawValue
        for name in try directoryEntryNames(folder, shown: path).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let text = String(decoding: name, as: UTF8.self)
            let inner = path.isEmpty ? text : "\(path)/\(text)"
            let cName = name.map { CChar(bitPattern: $0) } + [0]
            var status = stat()
            try check("fstatat", inner) { fstatat(raw, cName, &status, AT_SYMLINK_NOFOLLOW) }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            if root.skips(inner, below: source.path) {
                // What is below may be taken in again; the folder itself is there only then.
                guard isFolder, root.ignore.hasExceptions, try keepsAny(raw, cName, inner, depth) else { continue }
            }
            let entry = CopyEntry(folder: raw, name: cName, path: inner, status: status)
            try body(entry)
            guard isFolder else { continue }
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let next = Descriptor(owning: try check("openat", inner) { openat(raw, cName, flags) })
            try contents(next, inner, depth + 1, body, leave)
            try leave(entry)
        }
    }
}

extension CopyWalk {
    /// Whether anything below a folder that is left out is taken in again.
    private func keepsAny(_ parent: Int32, _ name: [CChar], _ path: String, _ depth: Int) throws -> Bool {
        guard depth < Self.depth else { return false }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let folder = Descriptor(owning: try check("openat", path) { openat(parent, name, flags) })
        let raw = folder.rawValue
        for name in try directoryEntryNames(folder, shown: path) {
            let inner = "\(path)/\(String(decoding: name, as: UTF8.self))"
            if !root.skips(inner, below: source.path) { return true }
            let cName = name.map { CChar(bitPattern: $0) } + [0]
            var status = stat()
            guard fstatat(raw, cName, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                continue
            }
            if try keepsAny(raw, cName, inner, depth + 1) { return true }
        }
        return false
    }

    /// Adds everything that decides about the copy to a hash: names, kinds, modes, owners, links and contents, but no times.
    func hash(into hash: inout ContentHash, _ ownership: CopyOwnership) throws {
        var sum = hash
        let base = source.path.isEmpty ? 0 : source.path.utf8.count + 1
        try visit { entry in
            let relative =
                source.isFolder ? String(decoding: Array(entry.path.utf8).dropFirst(base), as: UTF8.self) : ""
            let mode = ownership.mode.map { $0 | entry.kind } ?? entry.status.st_mode
            let uid = ownership.owner?.uid ?? (root.keepsOwners ? entry.status.st_uid : 0)
            let gid = ownership.owner?.gid ?? (root.keepsOwners ? entry.status.st_gid : 0)
            sum.update(Array("\(relative.utf8.count):\(relative) \(mode) \(uid) \(gid) \(entry.status.st_rdev) ".utf8))
            switch entry.kind {
            case S_IFREG:
                let file = try entry.open()
                let capabilities = CopyEntry.capabilities(file)
                sum.update(Array("\(entry.status.st_size) \(capabilities.count) ".utf8) + capabilities)
                try hashContent(file, entry.path, &sum)
            case S_IFLNK: sum.update(try entry.target().prefix { $0 != 0 }.map { UInt8(bitPattern: $0) } + [0])
            default: break
            }
        }
        hash = sum
    }

    private func hashContent(_ file: borrowing Descriptor, _ path: String, _ hash: inout ContentHash) throws {
        while true {
            let part = try file.readSome(1 << 17, path)
            if part.isEmpty { return }
            hash.update(part)
        }
    }
}
