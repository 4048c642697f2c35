internal import Support

/// The maps of the sparse formats, checked before a byte is written.
enum SparseMap {
    /// Pairs of offset and length as segments: ascending, apart from each other, within the file.
    ///
    /// - Parameters:
    ///   - numbers: offset, length, offset, length …
    ///   - size: the file's length.
    ///   - stored: bytes of data that the archive has for it, which the lengths must add up to.
    static func segments(
        _ numbers: [Int64], size: Int64, stored: Int64, name: [UInt8]
    ) throws(RuntimeError) -> [TarEntry.Segment] {
        guard numbers.count % 2 == 0 else { throw refused(name, "the sparse map is incomplete") }
        var segments: [TarEntry.Segment] = []
        var end: Int64 = 0
        var sum: Int64 = 0
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let (offset, length) = (numbers[index], numbers[index + 1])
            // No overflow: offset is at least end, and length is compared with what is left behind it.
            guard offset >= end, offset <= size, length >= 0, length <= size - offset else {
                throw refused(name, "the sparse map is out of order or leaves the file")
            }
            end = offset + length
            sum += length
            if length > 0 { segments.append(.init(offset: offset, length: length)) }
        }
        guard sum == stored else {
            throw refused(name, "the sparse map has \(sum) bytes and the archive \(stored)")
        }
        return segments
    }

    /// The old GNU format's pairs in a block: `count` of 12-byte numbers from `start`; false when the list ended.
    static func readOld(
        _ header: TarHeader, from start: Int, count: Int, into numbers: inout [Int64], name: [UInt8]
    ) throws(RuntimeError) -> Bool {
        for index in 0..<count {
            let place = start + index * 24
            if header.block[place] == 0 { return false }
            guard let offset = header.number(place..<(place + 12)),
                let length = header.number((place + 12)..<(place + 24)), offset >= 0, length >= 0
            else { throw refused(name, "the sparse map has a malformed number") }
            numbers.append(offset)
            numbers.append(length)
        }
        return true
    }
}
