import CZlib
import CZstd

/// Makes tar archives byte by byte, the malformed and hostile ones included.
struct TarBuilder {
    var bytes: [UInt8] = []

    /// One entry. `size` lies about the data's length; `edit` changes the header before (`edit`) its checksum is made.
    mutating func add(
        _ name: String, type: Character = "0", link: String = "", data: [UInt8] = [], size: Int64? = nil,
        mode: Int = 0o644, uid: Int = 0, gid: Int = 0, time: Int = 1_000_000_000, pax: [(String, String)] = [],
        major: Int = 0, minor: Int = 0, edit: (inout [UInt8]) -> Void = { _ in }
    ) {
        if !pax.isEmpty { extend(pax) }
        header(name, type, link, size ?? Int64(data.count), mode, uid, gid, time, major, minor, edit)
        self.data(data)
    }

    mutating func extend(_ records: [(String, String)], type: Character = "x") {
        extend(raw: records.flatMap { Self.record($0.0, Array($0.1.utf8)) }, type: type)
    }

    mutating func extend(raw: [UInt8], type: Character = "x") {
        header("PaxHeaders/x", type, "", Int64(raw.count), 0o644, 0, 0, 0, 0, 0) { _ in }
        data(raw)
    }

    /// A GNU long name (`L`) or long link (`K`).
    mutating func long(_ text: String, type: Character) {
        header("././@LongLink", type, "", Int64(text.utf8.count + 1), 0, 0, 0, 0, 0, 0) { Self.makeGNU(&$0) }
        data(Array(text.utf8) + [0])
    }

    mutating func data(_ data: [UInt8]) {
        bytes += data
        bytes += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    /// With the two zero blocks at the end.
    func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let body = Array(" \(key)=".utf8) + value + [0x0a]
        var length = body.count
        while "\(length)".utf8.count + body.count != length { length = "\(length)".utf8.count + body.count }
        return Array("\(length)".utf8) + body
    }

    static func makeGNU(_ header: inout [UInt8]) {
        header.replaceSubrange(257..<265, with: Array("ustar  \0".utf8))
    }

    private mutating func header(
        _ name: String, _ type: Character, _ link: String, _ size: Int64, _ mode: Int, _ uid: Int, _ gid: Int,
        _ time: Int, _ major: Int, _ minor: Int, _ edit: (inout [UInt8]) -> Void
    ) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: [UInt8], _ at: Int, _ limit: Int) {
            for (index, byte) in text.prefix(limit).enumerated() { block[at + index] = byte }
        }
        func octal(_ value: Int64, _ at: Int, _ width: Int) {
            let digits = String(value, radix: 8)
            put(
                Array(String(repeating: "0", count: max(0, width - 1 - digits.count)).utf8) + Array(digits.utf8), at,
                width)
        }
        put(Array(name.utf8), 0, 100)
        octal(Int64(mode), 100, 8)
        octal(Int64(uid), 108, 8)
        octal(Int64(gid), 116, 8)
        octal(size, 124, 12)
        octal(Int64(time), 136, 12)
        block[156] = type.asciiValue ?? 0
        put(Array(link.utf8), 157, 100)
        put(Array("ustar\u{0}00".utf8), 257, 8)
        octal(Int64(major), 329, 8)
        octal(Int64(minor), 337, 8)
        edit(&block)
        Self.setChecksum(&block)
        bytes += block
    }

    static func setChecksum(_ block: inout [UInt8]) {
        for index in 148..<156 { block[index] = 0x20 }
        let digits = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        let text = String(repeating: "0", count: 6 - digits.count) + digits
        for (index, byte) in text.utf8.enumerated() { block[148 + index] = byte }
        block[154] = 0
    }
}

/// Old GNU sparse and base-256 fields.
func putBase256(_ value: Int64, _ block: inout [UInt8], _ at: Int, _ width: Int) {
    for index in 0..<width {
        let shift = (width - 1 - index) * 8
        block[at + index] = shift >= 64 ? (value < 0 ? 0xff : 0) : UInt8(truncatingIfNeeded: value >> Int64(shift))
    }
    block[at] |= 0x80
}

func putOctal(_ value: Int64, _ block: inout [UInt8], _ at: Int, _ width: Int) {
    let digits = Array(String(value, radix: 8).utf8)
    for index in 0..<width { block[at + index] = 0 }
    let start = at + width - 1 - digits.count
    for index in at..<start { block[index] = 0x30 }
    for (index, byte) in digits.enumerated() { block[start + index] = byte }
}

/// One gzip member.
func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(
        &stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var input = bytes
    let bound = Int(deflateBound(&stream, UInt(bytes.count)))
    return input.withUnsafeMutableBufferPointer { source in
        [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            stream.next_out = target.baseAddress
            stream.avail_out = UInt32(bound)
            _ = deflate(&stream, Z_FINISH)
            count = bound - Int(stream.avail_out)
        }
    }
}

/// One Zstandard frame.
func zstd(_ bytes: [UInt8]) -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    return [UInt8](unsafeUninitializedCapacity: bound) { target, count in
        count = ZSTD_compress(target.baseAddress, bound, bytes, bytes.count, 3)
    }
}
