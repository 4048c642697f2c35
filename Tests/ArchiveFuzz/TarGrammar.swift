/// Makes tar archives that are valid for the most part: every kind of entry and extension header, with values that have
/// been somebody's mistake before.
struct TarGrammar {
    var random: Random
    private var bytes: [UInt8] = []

    init(_ random: Random) {
        self.random = random
    }

    mutating func archive() -> [UInt8] {
        bytes = []
        for _ in 0..<random.below(6) + 1 { entry() }
        if !random.once(in: 8) { bytes += [UInt8](repeating: 0, count: 1024) }
        if random.once(in: 16) { bytes += random.bytes(random.below(1500)) }
        return bytes
    }

    private static let kinds: [Character] = ["0", "0", "1", "2", "3", "4", "5", "6", "7", "D", "\0"]
    private static let rareKinds: [Character] = ["S", "V", "Z"]
    private static let records = [
        "path", "linkpath", "size", "uid", "gid", "mtime", "SCHILY.xattr.user.a", "SCHILY.xattr.security.capability",
        "LIBARCHIVE.xattr.user.b", "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.name", "GNU.sparse.realsize",
        "GNU.sparse.size", "GNU.sparse.map", "GNU.sparse.offset", "GNU.sparse.numbytes", "comment",
    ]
    private static let values = [
        "", "0", "1", "-1", "1.5", "512", "9223372036854775807", "9223372036854775808", "18446744073709551616",
        "0,1", "0,512,1024,1", "1,0,0,1", "a", "a/b", "/", "..", "../x", "a\u{0}b", "QQ==", "=", "%41", "%", "1e9",
    ]

    private mutating func entry() {
        if random.once(in: 2) { for _ in 0..<random.below(3) { extend() } }
        let kind = random.once(in: 6) ? random.pick(Self.rareKinds) : random.pick(Self.kinds)
        let data = random.bytes(random.pick([0, 0, 1, 511, 512, 513, 3000]))
        let hasData = kind == "0" || kind == "7" || kind == "S" || kind == "\0"
        header(kind, name: name(), size: hasData || random.once(in: 8) ? data.count : 0)
        if hasData { put(data) }
    }

    private mutating func extend() {
        switch random.below(8) {
        case 0, 1:
            let text = Array(name().utf8) + (random.once(in: 4) ? [] : [0])
            header(random.pick(["L", "K"]), name: "././@LongLink", size: text.count)
            put(text)
        default:
            var text: [UInt8] = []
            for _ in 0..<random.below(4) + 1 { text += record() }
            header(random.pick(["x", "x", "x", "g", "X"]), name: "pax", size: text.count)
            put(text)
        }
    }

    private mutating func record() -> [UInt8] {
        let value = random.once(in: 3) ? random.pick(Self.values) : random.pick(["1", "512", "0", "3.25", "QQ==", "n"])
        let body = Array("\(random.pick(Self.records))=\(value)\n".utf8)
        var length = body.count + 2
        while "\(length) ".utf8.count + body.count != length { length += 1 }
        if random.once(in: 20) { length += random.below(5) - 2 }
        return Array("\(length) ".utf8) + body
    }

    private mutating func name() -> String {
        let parts = [
            "a", "b", "c", ".", "..", "", ".wh.a", ".wh..wh..opq", "\u{e9}",
            String(repeating: "n", count: random.below(300)),
        ]
        return (0..<random.below(4) + 1).map { _ in random.pick(parts) }.joined(separator: "/")
    }

    private mutating func put(_ data: [UInt8]) {
        bytes += data
        bytes += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    private mutating func header(_ kind: Character, name: String, size: Int) {
        var block = [UInt8](repeating: 0, count: 512)
        func place(_ text: [UInt8], _ at: Int, _ most: Int) {
            for (index, byte) in text.prefix(most).enumerated() { block[at + index] = byte }
        }
        func octal(_ value: Int, _ at: Int, _ width: Int) {
            let digits = String(value, radix: 8)
            place(
                Array(String(repeating: "0", count: max(0, width - 1 - digits.count)).utf8) + Array(digits.utf8), at,
                width)
        }
        place(Array(name.utf8), 0, 100)
        octal(random.pick([0o644, 0o755, 0o4755, 0o1777]), 100, 8)
        octal(random.pick([0, 1000]), 108, 8)
        octal(0, 116, 8)
        octal(size, 124, 12)
        octal(1_700_000_000, 136, 12)
        block[156] = kind.asciiValue ?? 0
        place(Array(random.pick(["a", "b/c", "/x", "../y", ""]).utf8), 157, 100)
        place(Array(random.once(in: 2) ? "ustar\u{0}00".utf8 : "ustar  \u{0}".utf8), 257, 8)
        octal(random.below(300), 329, 8)
        octal(random.below(300), 337, 8)
        if kind == "S" {
            for index in 0..<random.below(5) {
                octal(index * 600, 386 + index * 24, 12)
                octal(random.pick([0, 1, 512]), 398 + index * 24, 12)
            }
            block[482] = random.once(in: 4) ? 1 : 0
            octal(random.pick([0, size, 4096]), 483, 12)
        }
        Self.repair(&block, at: 0)
        bytes += block
    }

    /// Makes the checksum of the header at `start` fit.
    static func repair(_ archive: inout [UInt8], at start: Int) {
        guard start + 512 <= archive.count else { return }
        for index in 148..<156 { archive[start + index] = 0x20 }
        let sum = archive[start..<start + 512].reduce(0) { $0 + Int($1) }
        let digits = Array(String(sum, radix: 8).utf8)
        for (index, digit) in (Array(repeating: UInt8(ascii: "0"), count: max(0, 6 - digits.count)) + digits)
            .enumerated()
        {
            archive[start + 148 + index] = digit
        }
        archive[start + 154] = 0
    }
}
