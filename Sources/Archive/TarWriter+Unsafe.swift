internal import Glibc
internal import Linux
internal import Support

/// Writes a tar archive, plain or packed: POSIX ustar headers, with PAX records where a value does not fit.
///
/// What is written depends on the entries alone, so that the same entries give the same bytes. Memory: some MiB,
/// whatever the sizes.
public final class TarWriter {
    /// How much is packed at a time.
    static let pieceBytes = 1 << 20

    private let piece: UnsafeMutableRawBufferPointer
    private var filled = 0
    private let encoder: any Encoder
    private let onData: ((UnsafeRawBufferPointer) -> Void)?
    private let output: (UnsafeRawBufferPointer) throws -> Void
    /// Data of the current entry that has not come yet.
    private var expected: Int64 = 0
    private var padding = 0
    /// Bytes of the archive before packing.
    public private(set) var total: Int64 = 0

    /// Starts an archive.
    ///
    /// - Parameters:
    ///   - onData: sees every byte before it is packed, in order, so that a digest of them is a layer's diffID.
    ///   - output: takes the packed bytes. The memory of both is valid during the call only.
    public init(
        _ compression: Compression = .none, onData: ((UnsafeRawBufferPointer) -> Void)? = nil,
        output: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        encoder = try compression.makeEncoder()
        self.onData = onData
        self.output = output
        piece = .allocate(byteCount: Self.pieceBytes, alignment: 4096)
    }

    deinit {
        piece.deallocate()
    }

    /// Writes the header of the next entry; the data of a file follow by ``write(_:)``.
    public func add(_ entry: borrowing TarEntry) throws {
        try finishEntry()
        try put(TarBlock.blocks(of: entry))
        expected = entry.kind == .regular ? entry.storedSize : 0
        padding = Int((512 - expected % 512) % 512)
    }

    /// Writes a whole small file.
    public func add(_ entry: borrowing TarEntry, _ bytes: [UInt8]) throws {
        try add(entry)
        try bytes.withUnsafeBytes { try write($0) }
    }

    /// Writes data of the current entry; more than its header announced is an error.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        expected -= Int64(bytes.count)
        guard expected >= 0 else { throw RuntimeError(.internal, "tar: more data than the entry's size") }
        try append(bytes)
    }

    /// Writes `count` bytes of a file from `offset` on.
    ///
    /// - Throws: `invalidState` where the file is shorter: it has changed meanwhile.
    func write(from file: Int32, at offset: Int64, count: Int64, shown: [UInt8]) throws {
        expected -= count
        var (place, rest) = (offset, count)
        while rest > 0 {
            if filled == piece.count { try flush() }
            let room = Int(min(rest, Int64(piece.count - filled)))
            // SAFETY: pread writes at most `room` bytes behind what the piece holds.
            let target = UnsafeMutableRawBufferPointer(rebasing: piece[filled..<(filled + room)])
            let taken = try checkCount("pread", shownName(shown)) {
                pread(file, target.baseAddress, room, Int(place))
            }
            guard taken > 0 else { throw RuntimeError(.invalidState, "file \(shownName(shown)): it became shorter") }
            (filled, place, rest) = (filled + taken, place + Int64(taken), rest - Int64(taken))
        }
    }

    /// Writes the end of the archive; nothing may be added afterwards.
    public func finish() throws {
        try finishEntry()
        try put([UInt8](repeating: 0, count: 1024))
        try flush()
        try encoder.finish(output)
    }

    private func finishEntry() throws {
        guard expected == 0 else { throw RuntimeError(.internal, "tar: \(expected) bytes of an entry are missing") }
        if padding > 0 { try put([UInt8](repeating: 0, count: padding)) }
        padding = 0
    }

    private func put(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try append($0) }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            if filled == piece.count { try flush() }
            let count = min(rest.count, piece.count - filled)
            let part = UnsafeRawBufferPointer(rebasing: rest[..<count])
            UnsafeMutableRawBufferPointer(rebasing: piece[filled..<(filled + count)]).copyMemory(from: part)
            filled += count
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    private func flush() throws {
        if filled == 0 { return }
        let bytes = UnsafeRawBufferPointer(rebasing: piece[..<filled])
        total += Int64(filled)
        filled = 0
        onData?(bytes)
        try encoder.encode(bytes, output)
    }
}
