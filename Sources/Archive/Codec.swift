internal import Linux
internal import Support

/// How a blob is packed, told by its first bytes and not by what a manifest says.
public enum Codec: String, Sendable {
    /// A plain tar.
    case none
    /// gzip (RFC 1952), several members one after the other included.
    case gzip
    /// Zstandard (RFC 8878), several and skippable frames included.
    case zstd

    /// The codec that `start`, the first bytes of a blob, belongs to.
    ///
    /// - Throws: `unsupported` for the magic of bzip2, xz and lz4, which OCI layers may not use.
    static func detect(_ start: some Collection<UInt8>) throws(RuntimeError) -> Codec {
        let head = Array(start.prefix(6))
        if head.starts(with: [0x1f, 0x8b]) { return .gzip }
        if head.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return .zstd }
        if head.count >= 4, head[0] & 0xf0 == 0x50, head[1...3].elementsEqual([0x2a, 0x4d, 0x18]) { return .zstd }
        let others: [(String, [UInt8])] = [
            ("bzip2", [0x42, 0x5a, 0x68, 0x31]), ("xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
            ("lz4", [0x04, 0x22, 0x4d, 0x18]),
        ]
        for (name, magic) in others where head.starts(with: magic) {
            throw RuntimeError(.unsupported, "archive: packed with \(name), not with gzip or zstd")
        }
        return .none
    }
}

/// The packed bytes of a blob, read through one buffer.
struct PackedSource: ~Copyable {
    private let input: ArchiveInput
    /// What has been read and not taken.
    private(set) var buffer: UnsafeMutableRawBufferPointer
    private(set) var start = 0
    private(set) var end = 0
    /// Packed bytes read so far.
    private(set) var total: Int64 = 0

    init(_ input: ArchiveInput, capacity: Int = 256 << 10) {
        self.input = input
        buffer = .allocate(byteCount: capacity, alignment: 4096)
    }

    deinit {
        buffer.deallocate()
    }

    /// The bytes at hand; valid until the next call of a mutating function.
    var available: UnsafeMutableRawBufferPointer { .init(rebasing: buffer[start..<end]) }

    /// Takes `count` of the available bytes away.
    mutating func take(_ count: Int) {
        start += count
    }

    /// Has at least `count` bytes at hand, less only at the end of the blob; returns how many there are.
    mutating func fill(_ count: Int) throws -> Int {
        while end - start < count {
            if start > 0 {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
                (start, end) = (0, end - start)
            }
            let filled = try readBlob(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
            if filled == 0 { break }
            end += filled
        }
        return end - start
    }

    /// Reads straight into the reader's memory, past the buffer (for blobs that are not packed).
    mutating func readBlob(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try input.read(target)
        total += Int64(count)
        return count
    }

    /// Goes past `count` bytes, without reading them where the input can; false where it can't.
    mutating func seek(_ count: Int64) throws -> Bool {
        guard let seek = input.seek else { return false }
        let held = min(Int64(end - start), count)
        take(Int(held))
        if count > held { try seek(count - held) }
        return true
    }
}

/// Unpacks a blob piece by piece.
protocol Decoder: AnyObject {
    /// Fills `target` from its start with at least one byte; 0 is the end of the blob.
    func decode(_ source: inout PackedSource, into target: UnsafeMutableRawBufferPointer) throws -> Int
}

/// The decoder of a blob that is not packed.
final class PlainDecoder: Decoder {
    func decode(_ source: inout PackedSource, into target: UnsafeMutableRawBufferPointer) throws -> Int {
        let held = min(source.available.count, target.count)
        if held == 0 { return try source.readBlob(into: target) }
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.available[..<held]))
        source.take(held)
        return held
    }
}
