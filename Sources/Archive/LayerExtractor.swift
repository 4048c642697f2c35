internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// Unpacks an image layer into a folder in the form that overlayfs takes as a layer (OCI image specification,
/// layer.md): `.wh.NAME` becomes a character device 0/0, `.wh..wh..opq` the attribute `trusted.overlay.opaque`.
///
/// The archive may be hostile: nothing outside the folder is reached, and on an error the folder is to be thrown
/// away by the caller, who alone may use it meanwhile. A leading slash falls away; `..` is cleaned lexically and
/// refused where it leads above the root; links are followed inside the layer only; hard links go to files
/// of this layer, or to a copy of a lower layer's. Of entries with the same name the last one wins.
public struct LayerExtractor: ~Copyable {
    let root: Int32
    let options: ExtractionOptions
    let reader: TarReader
    let lowers: LowerLayers
    /// Stands in the folder of the current entry.
    let cursor: FolderCursor
    /// Stands in the folder of a hard link's target.
    let linkCursor: FolderCursor
    var path = EntryPath()
    var linkPath = EntryPath()
    var times = FolderTimes()
    var summary = ExtractionSummary()
    var hasRoot = false
    var hidesLowers = false

    /// Unpacks a whole layer.
    ///
    /// - Parameters:
    ///   - archive: the layer's blob, read from where it stands: plain, gzip or zstd.
    ///   - root: an empty folder.
    ///   - onData: sees every unpacked byte in order, those behind the end of the archive included, so that a
    ///     digest over them is the diffID. Called on another thread, never after this function has returned.
    /// - Throws: `invalidArgument` for what is malformed or leads outside, `resourceExhausted` for what passes a
    ///   limit or fills the disk; the text names the entry.
    public static func extract(
        _ archive: borrowing Descriptor, into root: borrowing RootDirectory,
        options: ExtractionOptions = ExtractionOptions(), onData: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) throws -> ExtractionSummary {
        try extract(ArchiveInput(unowned: archive.rawValue), into: root, options: options, onData: onData)
    }

    /// Unpacks a whole layer from any input, such as a blob that is still on its way.
    public static func extract(
        _ input: ArchiveInput, into root: borrowing RootDirectory,
        options: ExtractionOptions = ExtractionOptions(), onData: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) throws -> ExtractionSummary {
        let stream = try ArchiveStream(input, limits: options.limits, gzip: options.gzip, onData: onData)
        let reader = TarReader(stream, options.limits)
        var extractor = LayerExtractor(reader, root: root.descriptor.rawValue, options: options)
        return try extractor.run()
    }

    init(_ reader: TarReader, root: Int32, options: ExtractionOptions) {
        self.reader = reader
        self.root = root
        self.options = options
        lowers = LowerLayers(options.lowers)
        cursor = FolderCursor(root: root, followsLinks: true)
        linkCursor = FolderCursor(root: root, followsLinks: false)
    }

    mutating func run() throws -> ExtractionSummary {
        while let entry = try reader.next() {
            summary.entries += 1
            do {
                try extract(entry)
            } catch let error as RuntimeError where error.message.hasPrefix("entry ") {
                throw error
            } catch {
                throw RuntimeError(
                    (error as? any CodedError)?.runtimeCode ?? .internal, "entry \(shownName(entry.name))",
                    cause: error)
            }
        }
        try reader.finish()
        try finishFolders()
        summary.codec = reader.codec
        summary.unpackedBytes = reader.unpackedBytes
        return summary
    }

    private mutating func extract(_ entry: borrowing TarEntry) throws {
        try path.set(entry.name, limits: options.limits)
        guard path.count > 0 else { return try extractRoot(entry) }
        for index in 0..<(path.count - 1) where path.component(index).starts(with: Whiteout.prefix) {
            if path.component(index).starts(with: Whiteout.metaPrefix) { return }
            throw refused(entry.name, "a folder named \(shownName(Array(path.component(index)))), which is reserved")
        }
        if path.last.starts(with: Whiteout.prefix) { return try extractWhiteout(entry) }
        switch entry.kind {
        case .directory: try extractFolder(entry)
        case .regular: try extractFile(entry)
        case .hardLink: try extractHardLink(entry)
        case .symbolicLink: try extractSymbolicLink(entry)
        case .characterDevice, .blockDevice, .fifo: try extractNode(entry)
        }
    }

    /// The folder of the current entry, made where it is missing; valid until the cursor moves.
    mutating func parentFolder(_ entry: borrowing TarEntry) throws -> Int32 {
        let cursor = cursor
        return try cursor.moveToParent(of: path, entry: entry.name) { folder, name in
            try makeImpliedFolder(folder, name, in: cursor)
            return true
        }
    }

    /// Runs `make` until it makes the current entry, having removed what was there before.
    ///
    /// `make` returns -1 with EEXIST where something is in the way; it never opens what is there.
    /// - Returns: what `make` returned.
    @discardableResult
    func replacing(
        _ folder: Int32, _ call: StaticString, _ make: (UnsafePointer<CChar>) -> Int32
    ) throws -> Int32 {
        var result = path.withLast(make)
        if result < 0 && errno == EEXIST {
            try remove(path.last, in: folder)
            result = path.withLast(make)
        }
        if result < 0 { throw SystemCallError("\(call)", errno: errno) }
        return result
    }

    /// Removes an entry of a folder, with all below it.
    func remove(_ name: ArraySlice<UInt8>, in folder: Int32) throws {
        // The other cursor may stand below it.
        linkCursor.reset()
        try removeTree(Array(name), in: folder, shown: shownName(Array(name)))
    }
}
