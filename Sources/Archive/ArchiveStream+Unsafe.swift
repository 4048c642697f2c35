internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// read(2) into memory of the caller's.
func readDescriptor(_ descriptor: Int32, into target: UnsafeMutableRawBufferPointer) throws(SystemCallError) -> Int {
    // SAFETY: read writes at most `target.count` bytes there.
    try checkCount("read", "archive") { read(descriptor, target.baseAddress, target.count) }
}

/// write(2) or, where the offset is at least 0, pwrite(2), of all of `bytes`.
func writeDescriptor(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int64 = -1
) throws(SystemCallError) {
    var done = 0
    while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        done += try checkCount(offset < 0 ? "write" : "pwrite") {
            offset < 0
                ? write(descriptor, rest.baseAddress, rest.count)
                : pwrite(descriptor, rest.baseAddress, rest.count, Int(offset) + done)
        }
    }
}

/// Unpacks a blob and judges what comes out; used by one thread at a time.
final class Unpacker {
    private var source: PackedSource
    private let decoder: any Decoder
    private let limits: ExtractionLimits
    private let onData: ((UnsafeRawBufferPointer) -> Void)?
    let codec: Codec
    /// Unpacked bytes that came out of the codec.
    private(set) var total: Int64 = 0

    /// Reads the first bytes to tell the codec.
    init(
        _ input: ArchiveInput, limits: ExtractionLimits, gzip: GzipLibrary, onData: ((UnsafeRawBufferPointer) -> Void)?
    ) throws {
        source = PackedSource(input)
        self.limits = limits
        self.onData = onData
        _ = try source.fill(6)
        codec = try Codec.detect(source.available.prefix(6))
        decoder =
            switch codec {
            case .none: PlainDecoder()
            case .gzip: try gzip.decoder()
            case .zstd: try ZstdDecoder()
            }
    }

    /// Fills `target` with unpacked bytes, less only at the end of the blob.
    func fill(_ target: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        while done < target.count {
            let free = UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let count = try decoder.decode(&source, into: free)
            if count == 0 { break }
            onData?(UnsafeRawBufferPointer(rebasing: free[..<count]))
            done += count
            total += Int64(count)
            try judge()
        }
        return done
    }

    /// Goes past bytes of a blob that isn't packed, without reading them; false where that can't be.
    func seek(_ count: Int64) throws -> Bool {
        guard codec == .none, onData == nil, try source.seek(count) else { return false }
        total += count
        return true
    }

    private func judge() throws(RuntimeError) {
        if total > limits.unpackedBytes + (64 << 20) {
            throw RuntimeError(.resourceExhausted, "more than \(limits.unpackedBytes) bytes come out of the archive")
        }
        if codec != .none && total > limits.ratioFloor && total / limits.compressionRatio > source.total {
            throw RuntimeError(
                .resourceExhausted,
                "\(total) bytes came out of \(source.total) packed ones: more than \(limits.compressionRatio) for one")
        }
    }
}

/// The unpacked bytes of a blob, in windows of memory that file data is written from without a copy.
///
/// A thread of the stream's own decodes (and runs the caller's digest) while the reader makes files.
final class ArchiveStream {
    private let unpacker: Unpacker
    private let ring: WindowRing?
    private let own: UnsafeMutableRawBufferPointer
    private let cancel: @Sendable () -> Void
    /// What is left of the window at hand.
    private var window = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var holdsWindow = false
    /// How the blob is packed.
    let codec: Codec
    /// Unpacked bytes taken so far: the offset in the tar.
    private(set) var offset: Int64 = 0

    /// - Parameter inBackground: whether a thread decodes; without one, data that is skipped need not be read.
    init(
        _ input: ArchiveInput, limits: ExtractionLimits, gzip: GzipLibrary = .fastest, inBackground: Bool = true,
        onData: ((UnsafeRawBufferPointer) -> Void)?
    ) throws {
        let unpacker = try Unpacker(input, limits: limits, gzip: gzip, onData: onData)
        self.unpacker = unpacker
        codec = unpacker.codec
        cancel = input.cancel
        ring = inBackground ? WindowRing() : nil
        own = .allocate(byteCount: inBackground ? 0 : 64 << 10, alignment: 4096)
        ring?.start { try unpacker.fill($0) }
    }

    deinit {
        ring?.stop(cancel)
        own.deallocate()
    }

    /// Copies the next `target.count` bytes; false at the end of the blob.
    ///
    /// - Throws: `invalidArgument` where the blob ends within them.
    func take(into target: inout [UInt8]) throws -> Bool {
        var done = 0
        while done < target.count {
            if window.isEmpty, try !refill() {
                if done == 0 { return false }
                throw RuntimeError(.invalidArgument, "the archive is truncated")
            }
            let piece = min(target.count - done, window.count)
            target.withUnsafeMutableBytes {
                UnsafeMutableRawBufferPointer(rebasing: $0[done...]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: window[..<piece]))
            }
            advance(piece)
            done += piece
        }
        return true
    }

    /// Hands the next `count` bytes to `body`, in pieces as long as memory allows.
    ///
    /// The memory is valid during the call of `body` only.
    func take(_ count: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var rest = count
        while rest > 0 {
            if window.isEmpty, try !refill() { throw RuntimeError(.invalidArgument, "the archive is truncated") }
            let piece = Int(min(rest, Int64(window.count)))
            try body(UnsafeRawBufferPointer(rebasing: window[..<piece]))
            advance(piece)
            rest -= Int64(piece)
        }
    }

    /// Goes past `count` bytes.
    func skip(_ count: Int64) throws {
        let held = min(count, Int64(window.count))
        advance(Int(held))
        if ring == nil && count > held, try unpacker.seek(count - held) {
            offset += count - held
        } else {
            try take(count - held) { _ in }
        }
    }

    /// Unpacks what follows the end of the archive, so that the caller's digest covers all of the blob, and returns
    /// how many bytes came out of the codec.
    func drain() throws -> Int64 {
        repeat { advance(window.count) } while try refill()
        return unpacker.total
    }

    private func advance(_ count: Int) {
        window = UnsafeMutableRawBufferPointer(rebasing: window[count...])
        offset += Int64(count)
    }

    /// Takes the next window, the one at hand being used up; false at the end of the blob.
    private func refill() throws -> Bool {
        guard let ring else {
            window = UnsafeMutableRawBufferPointer(rebasing: own[..<(try unpacker.fill(own))])
            return !window.isEmpty
        }
        if holdsWindow {
            holdsWindow = false
            ring.giveBack()
        }
        guard let next = try ring.next() else { return false }
        window = next
        holdsWindow = true
        return true
    }
}
