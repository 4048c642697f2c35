/// The fields of one 512-byte header block (POSIX ustar, GNU and star; pax(1), tar(5)).
struct TarHeader {
    /// The block, 512 bytes.
    var block = [UInt8](repeating: 0, count: 512)

    var isZero: Bool { block.allSatisfy { $0 == 0 } }
    var typeFlag: UInt8 { block[156] }
    private var isUstar: Bool { block[257..<263].elementsEqual(Array("ustar\0".utf8)) }
    var isGNU: Bool { block[257..<265].elementsEqual(Array("ustar  \0".utf8)) }
    private var isStar: Bool { block[508..<512].elementsEqual(Array("tar\0".utf8)) }

    /// Whether the checksum fits, summed over unsigned or, as some old archivers did, signed bytes.
    var checksumFits: Bool {
        guard let stored = TarNumber.field(block[148..<156]) else { return false }
        var sum: Int64 = 0
        var high: Int64 = 0
        for byte in block {
            sum += Int64(byte)
            high += Int64(byte >> 7)
        }
        for byte in block[148..<156] {
            sum += 0x20 - Int64(byte)
            high -= Int64(byte >> 7)
        }
        return stored == sum || stored == sum - 256 * high
    }

    /// The text of a field up to its first NUL.
    func text(_ range: Range<Int>) -> ArraySlice<UInt8> {
        block[range].prefix { $0 != 0 }
    }

    /// A numeric field; nil where it is malformed.
    func number(_ range: Range<Int>) -> Int64? {
        TarNumber.field(block[range])
    }

    /// The name, with the prefix of ustar and star.
    func readName(into name: inout [UInt8]) {
        name.removeAll(keepingCapacity: true)
        if isUstar && block[345] != 0 {
            name += text(isStar ? 345..<476 : 345..<500)
            name.append(0x2f)
        }
        name += text(0..<100)
    }

    var linkName: ArraySlice<UInt8> { text(157..<257) }
    var hasDevice: Bool { isUstar || isGNU }
}
