internal import Glibc
internal import Linux
internal import Support

/// A walk over a tree, each folder's entries sorted by their bytes.
///
/// Descends where the caller says so. Of a deep tree only the lowest folders are kept open; a higher one is opened
/// again through `..`, and compared with what it was.
struct TreeWalk {
    private struct Level {
        /// -1 while it is closed.
        var descriptor: Int32
        let identity: LayerWriter.FileIdentity
        var names: ArraySlice<[UInt8]>
        /// Length of `prefix` in this folder.
        let prefix: Int
    }

    /// Folders that are open at a time.
    private static let openLevels = 32

    private var levels: Levels
    /// The path of the folder it stands in, with a slash behind it; empty at the root.
    private var prefix: [UInt8] = []
    private let depth: Int
    /// The root's status.
    let status: stat

    /// Closes what is open when the walk is given up.
    private final class Levels {
        var all: [Level] = []

        deinit {
            for level in all where level.descriptor >= 0 { close(level.descriptor) }
        }
    }

    init(root: Int32, depth: Int) throws {
        self.depth = depth
        levels = Levels()
        let opened = try check("openat") { openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        var status = stat()
        fstat(opened, &status)
        self.status = status
        levels.all.append(try Self.level(opened, prefix: 0))
    }

    /// The folder it stands in.
    var folder: Int32 { levels.all.last?.descriptor ?? -1 }

    /// The path of an entry of the folder it stands in.
    func path(_ name: [UInt8]) -> [UInt8] { prefix + name }

    /// The next entry of this folder, or of the nearest above that has more; nil at the end.
    ///
    /// - Parameter leaving: called with the path and the descriptor of each folder that is done.
    mutating func next(_ leaving: ([UInt8], Int32) throws -> Void) throws -> [UInt8]? {
        while let last = levels.all.indices.last {
            if let name = levels.all[last].names.popFirst() { return name }
            if last > 0 {
                try leaving(Array(prefix.dropLast()), levels.all[last].descriptor)
                try reopen(last - 1, from: levels.all[last].descriptor)
            }
            close(levels.all.removeLast().descriptor)
            prefix.removeSubrange((levels.all.last?.prefix ?? 0)...)
        }
        return nil
    }

    /// Goes into a folder of this one.
    mutating func enter(_ name: [UInt8]) throws {
        let shown = path(name)
        guard levels.all.count < depth else {
            throw RuntimeError(.resourceExhausted, "folder \(shownName(shown)): more than \(depth) folders deep")
        }
        let folder = folder
        let opened = try check("openat", shownName(shown)) {
            withName(name + [0], from: 0) {
                openat(folder, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
        }
        prefix = shown + [0x2f]
        levels.all.append(try Self.level(opened, prefix: prefix.count))
        let evicted = levels.all.count - 1 - Self.openLevels
        if evicted > 0 && levels.all[evicted].descriptor >= 0 {
            close(levels.all[evicted].descriptor)
            levels.all[evicted].descriptor = -1
        }
    }

    private static func level(_ opened: Int32, prefix: Int) throws -> Level {
        let folder = Descriptor(owning: opened)
        var status = stat()
        fstat(opened, &status)
        let names = try directoryEntryNames(folder, shown: "folder").sorted { $0.lexicographicallyPrecedes($1) }
        return Level(
            descriptor: folder.release(), identity: .init(status), names: names[...], prefix: prefix)
    }

    private mutating func reopen(_ index: Int, from below: Int32) throws {
        guard levels.all[index].descriptor < 0 else { return }
        let opened = try check("openat") { openat(below, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        levels.all[index].descriptor = opened
        var status = stat()
        guard fstat(opened, &status) == 0, LayerWriter.FileIdentity(status) == levels.all[index].identity else {
            throw RuntimeError(.invalidState, "folder \(shownName(prefix)): it was moved while it was read")
        }
    }
}
