internal import CZlib
internal import Support

/// Unpacks gzip with zlib: every member of the blob, each with its checksum verified.
final class GzipDecoder: Decoder {
    // zlib keeps a pointer back to the stream, so that it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var inMember = false

    init() throws(RuntimeError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, + 16: a gzip header and trailer are expected and checked.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw RuntimeError(.resourceExhausted, "gzip: no memory for the decoder")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func decode(_ source: inout PackedSource, into target: UnsafeMutableRawBufferPointer) throws -> Int {
        // SAFETY: zlib reads at most avail_in bytes of `source.available` and writes at most avail_out bytes of
        // `target`; both stay valid during the call.
        stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: target.count)
        while Int(stream.pointee.avail_out) == target.count {
            guard try begin(&source) else { return 0 }
            if try source.fill(1) == 0 { throw RuntimeError(.invalidArgument, "gzip: the data is truncated") }
            let packed = source.available
            stream.pointee.next_in = packed.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(clamping: packed.count)
            let status = inflate(stream, Z_NO_FLUSH)
            source.take(packed.count - Int(stream.pointee.avail_in))
            switch status {
            case Z_OK: continue
            case Z_STREAM_END: inMember = false
            case Z_BUF_ERROR where stream.pointee.avail_in == 0: continue
            case Z_MEM_ERROR: throw RuntimeError(.resourceExhausted, "gzip: out of memory")
            default: throw RuntimeError(.invalidArgument, "gzip: \(reason)")
            }
        }
        return target.count - Int(stream.pointee.avail_out)
    }

    /// Starts the next member; false at the end of the blob.
    private func begin(_ source: inout PackedSource) throws -> Bool {
        if inMember { return true }
        let count = try source.fill(2)
        if count == 0 { return false }
        guard count >= 2, source.available[0] == 0x1f, source.available[1] == 0x8b else {
            throw RuntimeError(.invalidArgument, "gzip: garbage after the end of the data")
        }
        inflateReset(stream)
        inMember = true
        return true
    }

    private var reason: String {
        stream.pointee.msg.map { String(cString: $0) } ?? "the data is corrupt"
    }
}
