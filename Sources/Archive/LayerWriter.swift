internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// Writes a folder as a layer or as a plain archive: sorted by name, folders before what they hold, times in whole
/// seconds, so that the same tree gives the same bytes.
///
/// The walk is by descriptors, each opened in its parent's without following links: a tree that somebody changes
/// meanwhile leads nowhere. Names with several links are stored once; files with long runs of zeros as sparse ones.
public struct LayerWriter {
    let writer: TarWriter
    let options: LayerWriterOptions
    var summary = LayerSummary()
    /// The first name of each file that has several.
    var linked: [FileIdentity: [UInt8]] = [:]

    /// A file's identity within one machine.
    struct FileIdentity: Hashable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) {
            (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
        }
    }

    /// Writes a whole archive.
    ///
    /// - Parameters:
    ///   - folder: what is written; opened in any way, O_PATH included.
    ///   - onData: sees every byte before it is packed: a digest of them is the layer's diffID.
    ///   - output: takes the packed bytes. The memory of both is valid during the call only.
    /// - Throws: `invalidState` where a file became shorter meanwhile, `resourceExhausted` for a tree too deep.
    public static func write(
        _ folder: borrowing Descriptor, options: LayerWriterOptions,
        onData: ((UnsafeRawBufferPointer) -> Void)? = nil,
        output: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws -> LayerSummary {
        let tar = try TarWriter(options.compression, onData: onData, output: output)
        var writer = LayerWriter(writer: tar, options: options)
        try writer.run(folder.rawValue)
        try tar.finish()
        writer.summary.unpackedBytes = tar.total
        return writer.summary
    }

    private mutating func run(_ root: Int32) throws {
        var walk = try TreeWalk(root: root, depth: options.depth)
        if options.includesRoot {
            guard var entry = try describe([0x2e], walk.folder, walk.status) else { return }
            entry.name = Array("./".utf8)
            try add(entry)
        }
        if isHiding(walk.folder) { try addOpaqueMark([]) }
        var leaves: [[UInt8]: timespec] = [:]
        while let name = try walk.next({ path, folder in
            // Only now has everything in the folder been read, which sets no modification time but may its access time.
            if let time = leaves.removeValue(forKey: path) { try setTime(folder, [0x2e], time) }
        }) {
            try write(name, &walk, &leaves)
        }
        if options.setsTimes { try setTime(root, [0x2e], clamped(walk.status)) }
    }

    private mutating func write(
        _ name: [UInt8], _ walk: inout TreeWalk, _ folders: inout [[UInt8]: timespec]
    ) throws {
        guard let status = entryStatus(walk.folder, name[...]) else {
            throw SystemCallError("fstatat", errno: errno, subject: shownName(walk.path(name)))
        }
        if options.source == .overlay {
            if isWhiteout(status) { return try addWhiteout(name, walk, status) }
            if name.starts(with: Whiteout.prefix) {
                throw refused(walk.path(name), "a name that begins with .wh. means a removed file in a layer")
            }
        }
        guard var entry = try describe(name, walk.folder, status) else { return }
        entry.name = walk.path(name)
        switch entry.kind {
        case .directory:
            try add(entry)
            try walk.enter(name)
            if options.setsTimes { folders[entry.name] = clamped(status) }
            if isHiding(walk.folder) { try addOpaqueMark(entry.name + [0x2f]) }
            return
        case .regular: try addFile(entry, name, walk.folder, status)
        default: try addLinkable(entry, status)
        }
        if options.setsTimes { try setTime(walk.folder, name, clamped(status)) }
    }

    private mutating func addWhiteout(_ name: [UInt8], _ walk: TreeWalk, _ status: stat) throws {
        try add(TarEntry(.regular, walk.path(Whiteout.prefix + name), 0, clamped(status).tv_sec64))
        if options.setsTimes { try setTime(walk.folder, name, clamped(status)) }
    }

    private mutating func addOpaqueMark(_ folder: [UInt8]) throws {
        try add(TarEntry(.regular, folder + Whiteout.opaque, 0, options.latestTime ?? 0))
    }

    private func isHiding(_ folder: Int32) -> Bool {
        options.source == .overlay && isOpaque(folder)
    }

    mutating func add(_ entry: TarEntry) throws {
        summary.entries += 1
        try writer.add(entry)
    }
}

extension timespec {
    /// The seconds in tar's width.
    var tv_sec64: Int64 { Int64(tv_sec) }
}
