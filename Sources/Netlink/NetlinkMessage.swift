/// A message of rtnetlink(7) being written: header, the family's fixed part, attributes.
struct NetlinkMessage {
    private(set) var bytes: [UInt8]

    init(type: UInt16, flags: UInt16, fixed: [UInt8]) {
        bytes =
            [0, 0, 0, 0] + Self.bytes(of: type) + Self.bytes(of: flags | 1) + [UInt8](repeating: 0, count: 8) + fixed
        setLength()
    }

    mutating func attribute(_ type: UInt16, _ value: [UInt8]) {
        bytes += Self.bytes(of: UInt16(4 + value.count)) + Self.bytes(of: type) + value
        bytes += [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
        setLength()
    }

    private mutating func setLength() {
        bytes.replaceSubrange(0..<4, with: Self.bytes(of: UInt32(bytes.count)))
    }

    static func bytes(of number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }
}

/// What came from the kernel.
struct NetlinkAnswer {
    let type: UInt16
    /// What follows the header.
    let payload: [UInt8]

    /// The messages of one packet; what does not fit into it is left out.
    static func all(in packet: [UInt8]) -> [NetlinkAnswer] {
        var answers: [NetlinkAnswer] = []
        var rest = packet[...]
        while rest.count >= 16 {
            let length = Int(number(rest, at: 0, as: UInt32.self))
            guard length >= 16, length <= rest.count else { break }
            let payload = Array(rest.dropFirst(16).prefix(length - 16))
            answers.append(NetlinkAnswer(type: number(rest, at: 4, as: UInt16.self), payload: payload))
            rest = rest.dropFirst(min((length + 3) & ~3, rest.count))
        }
        return answers
    }

    /// The attributes behind a fixed part of `count` bytes; the last of each type.
    func attributes(behind count: Int) -> [UInt16: [UInt8]] {
        var found: [UInt16: [UInt8]] = [:]
        var rest = payload.dropFirst(count)
        while rest.count >= 4 {
            let length = Int(Self.number(rest, at: 0, as: UInt16.self))
            guard length >= 4, length <= rest.count else { break }
            found[Self.number(rest, at: 2, as: UInt16.self) & 0x3fff] = Array(rest.dropFirst(4).prefix(length - 4))
            rest = rest.dropFirst(min((length + 3) & ~3, rest.count))
        }
        return found
    }

    /// The number at a place; 0 beyond the end.
    static func number<T: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, at offset: Int, as: T.Type) -> T {
        let part = bytes.dropFirst(offset).prefix(T.bitWidth / 8)
        guard part.count == T.bitWidth / 8 else { return 0 }
        return part.reversed().reduce(0) { $0 << 8 | T($1) }
    }
}
