internal import CZstd
internal import Support

/// Unpacks Zstandard: every frame of the blob; windows above 128 MiB are refused (libzstd's default).
final class ZstdDecoder: Decoder {
    private let stream: OpaquePointer
    private var inFrame = false

    init() throws(RuntimeError) {
        guard let stream = ZSTD_createDStream() else {
            throw RuntimeError(.resourceExhausted, "zstd: no memory for the decoder")
        }
        self.stream = stream
    }

    deinit {
        ZSTD_freeDStream(stream)
    }

    func decode(_ source: inout PackedSource, into target: UnsafeMutableRawBufferPointer) throws -> Int {
        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        while output.pos == 0 {
            // The decoder may hold output that needs no more input; ask it before reading on.
            let count = try source.fill(1)
            if count == 0 && !inFrame { return 0 }
            let packed = source.available
            // SAFETY: libzstd reads at most `size` bytes of `packed` and writes at most `size` bytes of `target`;
            // both stay valid during the call.
            var input = ZSTD_inBuffer(src: packed.baseAddress, size: packed.count, pos: 0)
            let left = ZSTD_decompressStream(stream, &output, &input)
            source.take(input.pos)
            if ZSTD_isError(left) != 0 {
                throw RuntimeError(.invalidArgument, "zstd: \(String(cString: ZSTD_getErrorName(left)).lowercased())")
            }
            inFrame = left != 0
            if count == 0 && inFrame && output.pos == 0 {
                throw RuntimeError(.invalidArgument, "zstd: the data is truncated")
            }
        }
        return output.pos
    }
}
