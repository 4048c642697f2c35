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

/// The unpacked bytes of a blob, through one window of memory that file data is written from without a copy.
final class ArchiveStream {
    private var source: PackedSource
    private var decoder: any Decoder
    private let window: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var ended = false
    private let limits: ExtractionLimits
    private let onData: ((UnsafeRawBufferPointer) -> Void)?
    /// How the blob is packed.
    let codec: Codec
    /// Unpacked bytes that came out of the codec.
    private(set) var total: Int64 = 0

    /// Reads the first bytes to tell the codec.
    init(
        _ descriptor: Int32, limits: ExtractionLimits, onData: ((UnsafeRawBufferPointer) -> Void)?
    ) throws {
        source = PackedSource(descriptor)
        self.limits = limits
        self.onData = onData
        _ = try source.fill(6)
        codec = try Codec.detect(source.available.prefix(6))
        decoder =
            switch codec {
            case .none: PlainDecoder()
            case .gzip: try GzipDecoder()
            case .zstd: try ZstdDecoder()
            }
        window = .allocate(byteCount: 512 << 10, alignment: 4096)
    }

    deinit {
        window.deallocate()
    }

    /// Unpacked bytes taken so far: the offset in the tar.
    var offset: Int64 { total - Int64(end - start) }

    /// Copies the next `target.count` bytes; false at the end of the blob.
    ///
    /// - Throws: `invalidArgument` where the blob ends within them.
    func take(into target: inout [UInt8]) throws -> Bool {
        let wanted = target.count
        while end - start < wanted {
            if try !refill() {
                if start == end { return false }
                throw RuntimeError(.invalidArgument, "the archive is truncated")
            }
        }
        target.withUnsafeMutableBytes {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: window[start..<start + wanted]))
        }
        start += wanted
        return true
    }

    /// Hands the next `count` bytes to `body`, in pieces as long as memory allows.
    ///
    /// The memory is valid during the call of `body` only.
    func take(_ count: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var rest = count
        while rest > 0 {
            if start == end, try !refill() { throw RuntimeError(.invalidArgument, "the archive is truncated") }
            let piece = Int(min(rest, Int64(end - start)))
            try body(UnsafeRawBufferPointer(rebasing: window[start..<start + piece]))
            start += piece
            rest -= Int64(piece)
        }
    }

    /// Goes past `count` bytes.
    func skip(_ count: Int64) throws {
        try take(count) { _ in }
    }

    /// Unpacks what follows the end of the archive, so that the caller's digest covers all of the blob.
    func drain() throws {
        repeat { start = end } while try refill()
    }

    /// Unpacks more behind what is left in the window; false at the end of the blob.
    private func refill() throws -> Bool {
        if ended { return false }
        if start > 0 {
            if start < end { window.copyMemory(from: UnsafeRawBufferPointer(rebasing: window[start..<end])) }
            (start, end) = (0, end - start)
        }
        let free = UnsafeMutableRawBufferPointer(rebasing: window[end...])
        let count = try decoder.decode(&source, into: free)
        if count == 0 {
            ended = true
            return false
        }
        end += count
        total += Int64(count)
        onData?(UnsafeRawBufferPointer(rebasing: free[..<count]))
        try judge()
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
