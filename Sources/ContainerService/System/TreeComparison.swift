internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// Compares an unpacked layer with what it should be, down to each byte. Follows no link.
enum TreeComparison {
    /// The first path that differs, and in what; nil where the trees are the same.
    static func firstDifference(
        _ found: borrowing Descriptor, _ expected: borrowing Descriptor, path: String = "/"
    ) throws -> String? {
        let depth = path.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "/") ? 1 : 0) }
        guard depth < 1024 else { throw RuntimeError(.resourceExhausted, "folders nested deeper than 1024") }
        let names = Set(try directoryEntryNames(found, shown: path))
        let wanted = Set(try directoryEntryNames(expected, shown: path))
        if let odd = names.symmetricDifference(wanted).first {
            return "\(path)\(text(odd)): \(names.contains(odd) ? "not of the layer" : "missing")"
        }
        for name in wanted.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            if let difference = try compare(name, found.rawValue, expected.rawValue, path) { return difference }
        }
        return nil
    }

    private static func compare(_ name: [UInt8], _ found: Int32, _ expected: Int32, _ path: String) throws -> String? {
        let entry = name.map { CChar(bitPattern: $0) } + [0]
        let shown = path + text(name)
        var (mine, other) = (stat(), stat())
        try check("fstatat", shown) { fstatat(found, entry, &mine, AT_SYMLINK_NOFOLLOW) }
        try check("fstatat", shown) { fstatat(expected, entry, &other, AT_SYMLINK_NOFOLLOW) }
        if let what = difference(mine, other) { return "\(shown): \(what)" }
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        switch mine.st_mode & S_IFMT {
        case S_IFDIR:
            return try firstDifference(
                Descriptor(owning: try check("openat", shown) { openat(found, entry, flags | O_DIRECTORY) }),
                Descriptor(owning: try check("openat", shown) { openat(expected, entry, flags | O_DIRECTORY) }),
                path: shown + "/")
        case S_IFREG:
            let left = Descriptor(owning: try check("openat", shown) { openat(found, entry, flags) })
            let right = Descriptor(owning: try check("openat", shown) { openat(expected, entry, flags) })
            return try isSame(left, right, shown) ? nil : "\(shown): other content"
        case S_IFLNK:
            return try target(found, entry, shown) == target(expected, entry, shown) ? nil : "\(shown): another target"
        default: return nil
        }
    }

    private static func difference(_ found: stat, _ expected: stat) -> String? {
        if found.st_mode & S_IFMT != expected.st_mode & S_IFMT { return "another kind of file" }
        if found.st_mode != expected.st_mode { return "other permissions" }
        if found.st_uid != expected.st_uid || found.st_gid != expected.st_gid { return "another owner" }
        if found.st_rdev != expected.st_rdev { return "another device" }
        let kind = found.st_mode & S_IFMT
        if kind != S_IFDIR && found.st_size != expected.st_size { return "another size" }
        // overlayfs's mark of a removed entry is made anew each time.
        let isMark = kind == S_IFCHR && found.st_rdev == 0
        if !isMark && found.st_mtim.tv_sec != expected.st_mtim.tv_sec { return "another time" }
        return nil
    }

    private static func isSame(_ left: borrowing Descriptor, _ right: borrowing Descriptor, _ shown: String) throws
        -> Bool
    {
        while true {
            let (one, two) = (try left.readSome(1 << 18, shown), try right.readSome(1 << 18, shown))
            if one != two { return false }
            if one.isEmpty { return true }
        }
    }

    private static func target(_ folder: Int32, _ entry: [CChar], _ shown: String) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try checkCount("readlinkat", shown) {
            buffer.withUnsafeMutableBytes { bytes in
                guard let start = bytes.bindMemory(to: CChar.self).baseAddress else { return -1 }
                return readlinkat(folder, entry, start, bytes.count)
            }
        }
        return Array(buffer.prefix(count))
    }

    private static func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }
}
