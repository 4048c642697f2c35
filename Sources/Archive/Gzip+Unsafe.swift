internal import CISAL
internal import CZlib
internal import Support

/// What unpacks gzip. What one of them unpacks, the other unpacks to the same bytes; but ISA-L takes incomplete Huffman
/// codes that zlib refuses.
package enum GzipLibrary: Sendable {
    /// ISA-L where the machine has it, else zlib.
    case fastest
    case zlib

    func decoder() throws(RuntimeError) -> any Decoder {
        switch self {
        case .fastest:
            if let decoder = try ISALDecoder() { return decoder }
            return try ZlibDecoder()
        case .zlib: return try ZlibDecoder()
        }
    }
}

/// Unpacks gzip with zlib: every member of the blob, each with its checksum verified.
final class ZlibDecoder: Decoder {
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
        guard try nextMember(&source) else { return false }
        inflateReset(stream)
        inMember = true
        return true
    }

    private var reason: String {
        stream.pointee.msg.map { String(cString: $0) } ?? "the data is corrupt"
    }
}

/// Whether another gzip member follows; anything else but the end of the blob is refused.
private func nextMember(_ source: inout PackedSource) throws -> Bool {
    let count = try source.fill(4)
    if count == 0 { return false }
    guard count >= 2, source.available[0] == 0x1f, source.available[1] == 0x8b else {
        throw RuntimeError(.invalidArgument, "gzip: garbage after the end of the data")
    }
    // RFC 1952: whoever does not know a flag can't read what follows. ISA-L would pass over it.
    if count >= 4 && source.available[3] & 0xe0 != 0 {
        throw RuntimeError(.invalidArgument, "gzip: unknown header flags set")
    }
    return true
}

/// Unpacks gzip with ISA-L, at more than twice zlib's speed.
final class ISALDecoder: Decoder {
    private let stream: UnsafeMutableRawPointer
    private var inMember = false

    /// Nil where the machine has no ISA-L.
    init?() throws(RuntimeError) {
        guard cl_igzip_available() != 0 else { return nil }
        guard let stream = cl_igzip_new() else {
            throw RuntimeError(.resourceExhausted, "gzip: no memory for the decoder")
        }
        self.stream = stream
    }

    deinit {
        cl_igzip_free(stream)
    }

    func decode(_ source: inout PackedSource, into target: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        while done == 0 {
            if !inMember {
                guard try nextMember(&source) else { return 0 }
                cl_igzip_reset(stream)
                inMember = true
            }
            let left = try source.fill(1)
            let packed = source.available
            var (used, made) = (packed.count, target.count)
            // SAFETY: ISA-L reads at most `used` bytes of `packed` and writes at most `made` bytes of `target`; both
            // stay valid during the call, and it keeps no pointer to them that it uses afterwards.
            let status = cl_igzip_step(stream, packed.baseAddress, &used, target.baseAddress, &made)
            source.take(used)
            done += made
            switch status {
            case Int32(CL_IGZIP_END.rawValue): inMember = false
            case Int32(CL_IGZIP_CHECKSUM.rawValue):
                throw RuntimeError(.invalidArgument, "gzip: incorrect data check")
            case Int32(CL_IGZIP_MORE.rawValue):
                // It may hold output that needs no more input.
                if left == 0 && made == 0 { throw RuntimeError(.invalidArgument, "gzip: the data is truncated") }
            default: throw RuntimeError(.invalidArgument, "gzip: the data is corrupt")
            }
        }
        return done
    }
}
