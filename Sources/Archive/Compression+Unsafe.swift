internal import CDeflate
internal import CZstd
internal import Support

/// How a written archive is packed. The same bytes in give the same bytes out, whatever the machine.
public enum Compression: Sendable, Equatable {
    /// A plain tar.
    case none
    /// gzip: a member for every MiB, one after the other (RFC 1952, 2.2), so that no more is held in memory.
    case gzip
    /// Zstandard in one frame with a checksum.
    case zstd
}

/// Packs a stream piece by piece.
protocol Encoder: AnyObject {
    /// Packs `bytes` and hands out what has come of it so far.
    func encode(_ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void) throws
    /// Hands out the rest.
    func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) throws
}

extension Compression {
    func makeEncoder() throws(RuntimeError) -> any Encoder {
        switch self {
        case .none: PlainEncoder()
        case .gzip: try GzipEncoder()
        case .zstd: try ZstdEncoder()
        }
    }
}

/// The encoder of an archive that is not packed.
final class PlainEncoder: Encoder {
    func encode(_ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        try output(bytes)
    }

    func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) {}
}

/// Packs each piece into a gzip member of its own with libdeflate, which is about three times as fast as zlib.
final class GzipEncoder: Encoder {
    /// A level that packs no worse than zlib's default at a fraction of its time.
    private static let level: Int32 = 4
    private let compressor: OpaquePointer
    private var packed: UnsafeMutableRawBufferPointer

    init() throws(RuntimeError) {
        guard let compressor = libdeflate_alloc_compressor(Self.level) else {
            throw RuntimeError(.resourceExhausted, "gzip: no memory for the encoder")
        }
        self.compressor = compressor
        packed = .allocate(
            byteCount: libdeflate_gzip_compress_bound(compressor, TarWriter.pieceBytes), alignment: 64)
    }

    deinit {
        libdeflate_free_compressor(compressor)
        packed.deallocate()
    }

    func encode(_ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        // SAFETY: libdeflate reads `count` bytes of `bytes` and writes at most `packed.count`; both live through the call.
        let count = libdeflate_gzip_compress(
            compressor, bytes.baseAddress, bytes.count, packed.baseAddress, packed.count)
        guard count > 0 else { throw RuntimeError(.internal, "gzip: a piece of \(bytes.count) bytes did not fit") }
        try output(UnsafeRawBufferPointer(rebasing: packed[..<count]))
    }

    func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) {}
}

/// Packs the whole stream into one frame of Zstandard.
final class ZstdEncoder: Encoder {
    private static let level: Int32 = 3
    private let stream: OpaquePointer
    private let packed: UnsafeMutableRawBufferPointer

    init() throws(RuntimeError) {
        guard let stream = ZSTD_createCCtx() else {
            throw RuntimeError(.resourceExhausted, "zstd: no memory for the encoder")
        }
        self.stream = stream
        packed = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 64)
        ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, Self.level)
        ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1)
    }

    deinit {
        ZSTD_freeCCtx(stream)
        packed.deallocate()
    }

    func encode(_ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        try run(bytes, ZSTD_e_continue, output)
    }

    func finish(_ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        try run(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end, output)
    }

    private func run(
        _ bytes: UnsafeRawBufferPointer, _ directive: ZSTD_EndDirective,
        _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            // SAFETY: libzstd reads within `input` and writes within `packed`; both live through the call.
            var target = ZSTD_outBuffer(dst: packed.baseAddress, size: packed.count, pos: 0)
            let left = ZSTD_compressStream2(stream, &target, &input, directive)
            if ZSTD_isError(left) != 0 {
                throw RuntimeError(.internal, "zstd: \(String(cString: ZSTD_getErrorName(left)).lowercased())")
            }
            if target.pos > 0 { try output(UnsafeRawBufferPointer(rebasing: packed[..<target.pos])) }
            if directive == ZSTD_e_end ? left == 0 : input.pos == input.size { return }
        }
    }
}
