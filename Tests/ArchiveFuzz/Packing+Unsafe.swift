import CZlib
import CZstd

/// How a case's tar is packed.
enum Packing {
    /// gzip by zlib, in one member or several, at any level and strategy.
    static func gzip(_ bytes: [UInt8], _ random: inout Random) -> [UInt8] {
        guard bytes.count > 1 && random.once(in: 4) else { return member(bytes, &random) }
        let cut = random.below(bytes.count)
        return member(Array(bytes[..<cut]), &random) + member(Array(bytes[cut...]), &random)
    }

    private static func member(_ bytes: [UInt8], _ random: inout Random) -> [UInt8] {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        deflateInit2_(
            &stream, Int32(random.below(10)), 8, 15 + 16, 8, random.pick([0, 1, 2, 3, 4]), ZLIB_VERSION, size)
        defer { deflateEnd(&stream) }
        var input = bytes
        // SAFETY: both buffers stay valid during the call, and zlib keeps to the counts.
        return [UInt8](unsafeUninitializedCapacity: bytes.count + bytes.count / 8 + 1024) { buffer, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(buffer.count)
                deflate(&stream, Z_FINISH)
                count = buffer.count - Int(stream.avail_out)
            }
        }
    }

    /// One zstd frame.
    static func zstd(_ bytes: [UInt8], _ random: inout Random) -> [UInt8] {
        let level = Int32(random.below(6))
        // SAFETY: libzstd writes at most the capacity it is told.
        return [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { buffer, count in
            count = ZSTD_compress(buffer.baseAddress, buffer.count, bytes, bytes.count, level)
            if ZSTD_isError(count) != 0 { count = 0 }
        }
    }
}
