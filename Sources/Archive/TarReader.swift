public import Linux
internal import Support

/// Reads the entries of a tar archive, plain or packed, one after the other, and each one's data.
///
/// The reader trusts nothing: checksums are verified, sizes bounded, extension headers limited. It makes no
/// files; ``LayerExtractor`` does. Understood are ustar, GNU (long names, old sparse files, base-256 numbers),
/// PAX local and global headers, and the three PAX sparse formats.
public final class TarReader {
    let stream: ArchiveStream
    let limits: ExtractionLimits
    var header = TarHeader()
    private var global = PAXRecords()
    var entry = TarEntry()
    /// Data and padding of the current entry that were not taken yet.
    var rest: Int64 = 0
    var padding: Int64 = 0
    private var count = 0
    private var atEnd = false

    /// Starts at the current position of `archive`, which moves on.
    ///
    /// - Parameters:
    ///   - readsAhead: a thread unpacks while the caller works. False suits who wants only the headers of a plain tar:
    ///     data that is not read for is then skipped in the file.
    ///   - onData: sees every unpacked byte, in order, as soon as it comes out of the codec, on that thread; the memory
    ///     is valid during the call only. After ``finish()`` it has seen the whole blob, so that a digest of what it
    ///     saw is the layer's diffID; it is never called once the reader is gone.
    /// - Throws: `unsupported` for a codec that layers may not use.
    public convenience init(
        _ archive: borrowing Descriptor, limits: ExtractionLimits = ExtractionLimits(), readsAhead: Bool = true,
        onData: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) throws {
        let input = ArchiveInput(SharedDescriptor(try archive.duplicate()))
        try self.init(ArchiveStream(input, limits: limits, inBackground: readsAhead, onData: onData), limits)
    }

    /// Reads an archive from any input; waits for its first bytes.
    public convenience init(
        _ input: ArchiveInput, limits: ExtractionLimits = ExtractionLimits(), readsAhead: Bool = true,
        onData: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) throws {
        try self.init(ArchiveStream(input, limits: limits, inBackground: readsAhead, onData: onData), limits)
    }

    /// Reads an archive on the caller's thread alone, by a gzip library of its choice.
    package convenience init(
        _ input: ArchiveInput, limits: ExtractionLimits, gzip: GzipLibrary,
        onData: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) throws {
        try self.init(
            ArchiveStream(input, limits: limits, gzip: gzip, inBackground: false, onData: onData), limits)
    }

    init(_ stream: ArchiveStream, _ limits: ExtractionLimits) {
        self.stream = stream
        self.limits = limits
    }

    /// How the archive is packed.
    public var codec: Codec { stream.codec }

    /// Unpacked bytes that came out of the codec; known after ``finish()``.
    public private(set) var unpackedBytes: Int64 = 0

    /// The next entry, past what was not read of the current one; nil at the end of the archive.
    ///
    /// - Throws: `invalidArgument` where the archive is malformed, `resourceExhausted` where it passes a limit;
    ///   the text names the entry.
    public func next() throws -> TarEntry? {
        do {
            try stream.skip(rest + padding)
            (rest, padding) = (0, 0)
        } catch let error as RuntimeError where error.cause == nil {
            throw RuntimeError(error.code, "entry \(shownName(entry.name)): \(error.message)")
        }
        if atEnd { return nil }
        return try readEntry()
    }

    /// Hands the current entry's data to `body` in pieces; once.
    public func readData(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try take(rest, body)
    }

    /// The current entry's data; more than `limit` bytes are refused.
    public func readData(limit: Int) throws -> [UInt8] {
        guard rest <= Int64(limit) else { throw exceeded(entry.name, "longer than \(limit) bytes") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(rest))
        try take(rest) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Reads to the end of the blob, past the end of the archive in it.
    public func finish() throws {
        unpackedBytes = try stream.drain()
        atEnd = true
        (rest, padding) = (0, 0)
    }

    /// The next `length` bytes of the current entry's data.
    func take(_ length: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        rest -= length
        try stream.take(length, body)
    }

    // MARK: headers

    private func readEntry() throws -> TarEntry? {
        var local = PAXRecords()
        var isExtended = false
        var longName: [UInt8]?
        var longLink: [UInt8]?
        while try readHeader() {
            let flag = header.typeFlag
            switch flag {
            case UInt8(ascii: "x"), UInt8(ascii: "X"):
                local = global
                try local.read(try readExtension(), limits: limits, name: headerName)
                isExtended = true
            case UInt8(ascii: "g"):
                try global.read(try readExtension(), limits: limits, name: headerName)
            case UInt8(ascii: "L"): longName = untilNUL(try readExtension())
            case UInt8(ascii: "K"): longLink = untilNUL(try readExtension())
            case UInt8(ascii: "V"):
                try stream.skip(try blocks(try dataSize()))
            default:
                try fill(from: isExtended ? local : global, longName: longName, longLink: longLink)
                return entry
            }
            try countEntry()
        }
        atEnd = true
        if isExtended || longName != nil || longLink != nil {
            throw RuntimeError(.invalidArgument, "\(place): the archive ends behind an extension header")
        }
        return nil
    }

    /// Reads one header block; false at the end of the archive.
    private func readHeader() throws -> Bool {
        guard try takeBlock() else { return false }
        if header.isZero {
            guard try takeBlock() else { return false }
            if header.isZero { return false }
            throw RuntimeError(.invalidArgument, "\(place): data behind a zero block")
        }
        guard header.checksumFits else {
            throw RuntimeError(.invalidArgument, "\(place): the header's checksum is wrong")
        }
        return true
    }

    func takeBlock() throws -> Bool {
        do {
            return try stream.take(into: &header.block)
        } catch let error as RuntimeError where error.cause == nil {
            throw RuntimeError(error.code, "\(place): \(error.message)")
        }
    }

    /// Where the reader stands, for errors that have no entry.
    private var place: String {
        "archive at byte \(stream.offset), behind entry \(shownName(entry.name))"
    }

    var headerName: [UInt8] {
        var name: [UInt8] = []
        header.readName(into: &name)
        return name
    }

    private func dataSize() throws -> Int64 {
        guard let size = header.number(124..<136), size >= 0 else {
            throw refused(headerName, "the size is malformed or negative")
        }
        return size
    }

    /// The data of an extension header.
    private func readExtension() throws -> [UInt8] {
        let size = try dataSize()
        guard size <= Int64(limits.headerBytes) else {
            throw exceeded(headerName, "an extension header of \(size) bytes, at most \(limits.headerBytes)")
        }
        var bytes: [UInt8] = []
        let padded = try blocks(size)
        do {
            try stream.take(size) { bytes.append(contentsOf: $0) }
            try stream.skip(padded - size)
        } catch let error as RuntimeError where error.cause == nil {
            throw RuntimeError(error.code, "entry \(shownName(headerName)): \(error.message)")
        }
        return bytes
    }

    /// `size` rounded up to whole blocks.
    func blocks(_ size: Int64) throws -> Int64 {
        guard size < Int64.max - 512 else { throw refused(headerName, "the size is beyond 63 bits") }
        return (size + 511) & ~511
    }

    private func untilNUL(_ bytes: [UInt8]) -> [UInt8] {
        bytes.firstIndex(of: 0).map { Array(bytes[..<$0]) } ?? bytes
    }

    func countEntry() throws {
        count += 1
        if count > limits.entries {
            throw exceeded(headerName, "more than \(limits.entries) entries")
        }
    }
}
