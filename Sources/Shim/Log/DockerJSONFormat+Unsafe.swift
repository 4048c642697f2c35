internal import JSON

/// Docker's `json-file`: `{"log":"…\n","stream":"stdout","time":"…"}` and a line feed.
struct DockerJSONFormat: LogFormat {
    let fixedTime = false
    private let attributes: [UInt8]

    init(attributes: [String: String]) {
        guard !attributes.isEmpty else {
            self.attributes = []
            return
        }
        self.attributes =
            Array(#","attrs":"#.utf8)
            + JSONWriter.text { writer in
                writer.object { writer in
                    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) { writer.member(name, value) }
                }
            }
    }

    func append(_ piece: UnsafeRawBufferPointer, _ stream: LogStream, time: [UInt8], to text: inout [UInt8]) {
        text += #"{"log":""#.utf8
        Self.escape(piece, to: &text)
        text += stream == .output ? #"","stream":"stdout""#.utf8 : #"","stream":"stderr""#.utf8
        text += attributes
        text += #","time":""#.utf8
        text += time
        text += "\"}\n".utf8
    }

    /// Escapes as Docker does: quotes, backslashes, control characters, `<`, `>`, `&` and the two separators U+2028 and
    /// U+2029; a byte that is no UTF-8 becomes U+FFFD.
    static func escape(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        var plain = 0
        var place = 0
        while place < bytes.count {
            let byte = bytes[place]
            if byte < 0x80 {
                if isPlain[Int(byte)] {
                    place += 1
                    continue
                }
                text += bytes[plain..<place]
                appendEscaped(byte, to: &text)
                place += 1
                plain = place
                continue
            }
            let length = sequenceLength(bytes, at: place)
            if length == 3, byte == 0xe2, bytes[place + 1] == 0x80, bytes[place + 2] & 0xfe == 0xa8 {
                text += bytes[plain..<place]
                text += bytes[place + 2] == 0xa8 ? #"\u2028"#.utf8 : #"\u2029"#.utf8
                plain = place + 3
            } else if length == 0 {
                text += bytes[plain..<place]
                text += #"\ufffd"#.utf8
                plain = place + 1
            }
            place += max(1, length)
        }
        text += bytes[plain..<place]
    }

    private static let isPlain: [Bool] = (0..<128).map { byte in
        byte >= 0x20 && !#""\<>&"#.utf8.contains(UInt8(byte))
    }
    private static let digits = Array("0123456789abcdef".utf8)

    private static func appendEscaped(_ byte: UInt8, to text: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
        case UInt8(ascii: "\n"): text += #"\n"#.utf8
        case UInt8(ascii: "\r"): text += #"\r"#.utf8
        default: text += #"\u00"#.utf8 + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    /// The length of the well-formed UTF-8 sequence of several bytes at a place (Unicode's table 3-7); 0 where there is none.
    private static func sequenceLength(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Int {
        let first = bytes[place]
        let (length, second): (Int, ClosedRange<UInt8>)
        switch first {
        case 0xc2...0xdf: (length, second) = (2, 0x80...0xbf)
        case 0xe0: (length, second) = (3, 0xa0...0xbf)
        case 0xed: (length, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: (length, second) = (3, 0x80...0xbf)
        case 0xf0: (length, second) = (4, 0x90...0xbf)
        case 0xf1...0xf3: (length, second) = (4, 0x80...0xbf)
        case 0xf4: (length, second) = (4, 0x80...0x8f)
        default: return 0
        }
        guard place + length <= bytes.count, second.contains(bytes[place + 1]) else { return 0 }
        for index in 2..<max(2, length) where bytes[place + index] & 0xc0 != 0x80 { return 0 }
        return length
    }
}
