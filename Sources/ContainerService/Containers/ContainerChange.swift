internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// One path of a container's root that differs from its image.
public struct ContainerChange: Sendable, Hashable {
    /// What became of it; the raw value is docker's letter.
    public enum Kind: String, Sendable {
        case added = "A"
        case changed = "C"
        case deleted = "D"
    }

    /// What became of it.
    public let kind: Kind
    /// The path in the container, from `/`.
    public let path: String
}

/// Tells what an overlayfs upper folder says over the layers below it. Follows no link.
struct ChangeWalk {
    private let below: Int32
    private(set) var changes: [ContainerChange] = []

    /// - Parameter below: the root as the image has it; open as long as this value is used.
    init(below: borrowing Descriptor) {
        self.below = below.rawValue
    }

    /// Walks an upper folder.
    ///
    /// - Parameters:
    ///   - lower: the same folder of the image; -1 where it has none.
    ///   - path: ends with a slash.
    mutating func walk(_ upper: borrowing Descriptor, path: String = "/", lower: Int32? = nil, depth: Int = 0) throws {
        guard depth < 256 else { throw RuntimeError(.resourceExhausted, "\(path): folders nested deeper than 256") }
        let lower = lower ?? below
        let raw = upper.rawValue
        let names = try directoryEntryNames(upper, shown: path).sorted { $0.lexicographicallyPrecedes($1) }
        if depth > 0, isOpaque(raw), lower >= 0 { try deletions(lower, but: Set(names), path) }
        for name in names {
            let entry = name.map { CChar(bitPattern: $0) } + [0]
            var status = stat()
            try check("fstatat", path) { fstatat(raw, entry, &status, AT_SYMLINK_NOFOLLOW) }
            let shown = path + String(decoding: name, as: UTF8.self)
            if status.st_mode & S_IFMT == S_IFCHR, status.st_rdev == 0 {
                changes.append(ContainerChange(kind: .deleted, path: shown))
                continue
            }
            var old = stat()
            let wasThere = lower >= 0 && fstatat(lower, entry, &old, AT_SYMLINK_NOFOLLOW) == 0
            changes.append(ContainerChange(kind: wasThere ? .changed : .added, path: shown))
            guard status.st_mode & S_IFMT == S_IFDIR else { continue }
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let inner = Descriptor(owning: try check("openat", shown) { openat(raw, entry, flags) })
            let under = wasThere && old.st_mode & S_IFMT == S_IFDIR ? openat(lower, entry, flags) : -1
            defer { if under >= 0 { close(under) } }
            try walk(inner, path: shown + "/", lower: under, depth: depth + 1)
        }
    }

    /// What a folder of the image held that the new one hides.
    private mutating func deletions(_ lower: Int32, but kept: Set<[UInt8]>, _ path: String) throws {
        let folder = Descriptor(owning: try check("openat", path) { openat(lower, ".", O_RDONLY | O_CLOEXEC) })
        for name in try directoryEntryNames(folder, shown: path) where !kept.contains(name) {
            changes.append(ContainerChange(kind: .deleted, path: path + String(decoding: name, as: UTF8.self)))
        }
    }

    private func isOpaque(_ folder: Int32) -> Bool {
        var value = [UInt8](repeating: 0, count: 2)
        let count = value.withUnsafeMutableBytes {
            cl_fgetxattr(folder, "trusted.overlay.opaque", $0.baseAddress, $0.count)
        }
        return count == 1 && value[0] == UInt8(ascii: "y")
    }
}
