internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// The names by which a layer says that something of a lower layer is gone (OCI image specification, layer.md).
enum Whiteout {
    static let prefix = Array(".wh.".utf8)
    /// What AUFS kept for itself; only the opaque mark among it means anything.
    static let metaPrefix = Array(".wh..wh.".utf8)
    static let opaque = Array(".wh..wh..opq".utf8)
}

extension LayerExtractor {
    mutating func extractWhiteout(_ entry: borrowing TarEntry) throws {
        let name = path.last
        if name.elementsEqual(Whiteout.opaque) { return try extractOpaque(entry) }
        if name.starts(with: Whiteout.metaPrefix) { return }
        let hidden = name.dropFirst(Whiteout.prefix.count)
        guard !hidden.isEmpty, !hidden.elementsEqual([0x2e]), !hidden.elementsEqual([0x2e, 0x2e]) else {
            throw refused(entry.name, "a whiteout of nothing, of its own folder or of the one above")
        }
        let folder = try parentFolder(entry)
        // What this layer itself has is not hidden by its own whiteout; only the lower layers' is.
        if let status = entryStatus(folder, hidden) {
            if status.st_mode & S_IFMT == S_IFDIR { try makeOpaque(folder, hidden) }
            return
        }
        let mode = S_IFCHR | 0o600
        try check("mknodat") { withName(Array(hidden) + [0], from: 0) { cl_mknodat(folder, $0, mode, 0, 0) } }
    }

    private mutating func extractOpaque(_ entry: borrowing TarEntry) throws {
        let folder = try parentFolder(entry)
        if cursor.depth == 0 {
            hidesLowers = true
            return
        }
        let opened = try check("openat") { openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        let made = Descriptor(owning: opened)
        try setAttribute(made.rawValue, opaqueAttribute(privileged: options.privileged), [UInt8(ascii: "y")])
    }

    /// An opaque root: overlayfs reads no mark there, so that each entry of the lower layers' roots is hidden.
    func hideLowerRoots() throws {
        for layer in try lowers.folders {
            let raw = layer.rawValue
            let opened = try check("openat") { openat(raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            for name in try directoryEntryNames(Descriptor(owning: opened), shown: "lower layer") {
                if let status = entryStatus(root, name[...]) {
                    if status.st_mode & S_IFMT == S_IFDIR { try makeOpaque(root, name[...]) }
                } else {
                    let (root, mode) = (root, S_IFCHR | 0o600)
                    try check("mknodat") { withName(name + [0], from: 0) { cl_mknodat(root, $0, mode, 0, 0) } }
                }
            }
        }
    }
}
