/// Changes that archives get on their way to the reader.
enum Mutation {
    /// Changes some bytes or blocks of a tar, and makes most headers' checksums fit again.
    static func tar(_ archive: inout [UInt8], _ random: inout Random) {
        if random.once(in: 3) { return }
        for _ in 0..<random.below(4) { change(&archive, &random) }
        if !random.once(in: 6) {
            for start in stride(from: 0, to: archive.count, by: 512) where start + 512 <= archive.count {
                if archive[start + 257] == UInt8(ascii: "u") { TarGrammar.repair(&archive, at: start) }
            }
        }
    }

    /// Changes some bytes of a packed stream.
    static func packed(_ stream: inout [UInt8], _ random: inout Random) {
        if random.once(in: 2) { return }
        for _ in 0..<random.below(3) { change(&stream, &random) }
    }

    private static func change(_ bytes: inout [UInt8], _ random: inout Random) {
        guard !bytes.isEmpty else { return }
        let place = random.below(bytes.count)
        switch random.below(8) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[place] ^= 1 << UInt8(random.below(8))
        case 2: bytes[place] = random.pick([0, 0x80, 0xff, 0x20, 0x37])
        case 3: bytes.removeSubrange(place..<min(bytes.count, place + random.below(64) + 1))
        case 4: bytes.removeLast(min(bytes.count, random.below(600)))
        case 5:
            let end = min(bytes.count, place + random.pick([8, 64, 512]))
            bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count))
        case 6: bytes.insert(contentsOf: random.bytes(random.below(16) + 1), at: place)
        default:
            // A field of a number, at its extremes.
            let field = place / 512 * 512 + random.pick([100, 108, 116, 124, 136, 329, 337, 483])
            let text = random.pick([
                Array("77777777777".utf8), [0x80, 0, 0, 0, 0, 0, 0, 1], [0xff] + [UInt8](repeating: 0xff, count: 11),
                [0x80] + [UInt8](repeating: 0x7f, count: 11), Array("        ".utf8), Array("-1".utf8),
            ])
            for (index, byte) in text.enumerated() where field + index < bytes.count { bytes[field + index] = byte }
        }
    }
}
