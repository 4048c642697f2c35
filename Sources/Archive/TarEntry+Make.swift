extension TarEntry {
    /// A regular file of `size` bytes, which follow by ``TarWriter/write(_:)``.
    public static func file(_ name: String, size: Int64, mode: UInt32 = 0o644, modified: Int64 = 0) -> TarEntry {
        var entry = TarEntry(.regular, Array(name.utf8), mode, modified)
        (entry.size, entry.storedSize) = (size, size)
        return entry
    }

    /// A folder.
    public static func folder(_ name: String, mode: UInt32 = 0o755, modified: Int64 = 0) -> TarEntry {
        TarEntry(.directory, Array(name.utf8), mode, modified)
    }

    /// A symbolic link.
    public static func link(_ name: String, to target: String, modified: Int64 = 0) -> TarEntry {
        var entry = TarEntry(.symbolicLink, Array(name.utf8), 0o777, modified)
        entry.linkName = Array(target.utf8)
        return entry
    }

    init(_ kind: Kind, _ name: [UInt8], _ mode: UInt32, _ modified: Int64) {
        self.init()
        (self.kind, self.name, self.mode) = (kind, name, mode)
        self.modified = (modified, 0)
    }
}
