internal import Support

/// Unmarshals values from a peer that is not trusted: whatever breaks the specification is an error.
///
/// What a message can make us hold is bounded by its own length and by ``maximumValues``.
struct DBusReader {
    private let bytes: [UInt8]
    private let isBigEndian: Bool
    private var position: Int
    private var end: Int
    private var values = 0

    /// The most values that one message may have.
    static let maximumValues = 65536
    /// How deep arrays, structures and variants may nest together.
    static let maximumDepth = 64

    /// - Parameter bytes: a whole message, as padding counts from its start.
    init(_ bytes: [UInt8], from position: Int, to end: Int, isBigEndian: Bool) {
        (self.bytes, self.position, self.end, self.isBigEndian) = (bytes, position, end, isBigEndian)
    }

    /// Where the next value is looked for.
    var offset: Int { position }
    /// Whether everything has been read.
    var isAtEnd: Bool { position == end }

    /// Skips padding, which must be zeros.
    mutating func align(_ boundary: Int) throws(RuntimeError) {
        while position % boundary != 0 {
            guard position < end else { throw malformed("it ends in padding") }
            guard bytes[position] == 0 else { throw malformed("padding that is not zero") }
            position += 1
        }
    }

    private mutating func take(_ count: Int) throws(RuntimeError) -> ArraySlice<UInt8> {
        guard count <= end - position else { throw malformed("it ends inside of a value") }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// Reads an integer at its own size's boundary.
    mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(RuntimeError) -> T {
        try align(MemoryLayout<T>.size)
        var value: T = 0
        let raw = try take(MemoryLayout<T>.size)
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: raw) }
        return isBigEndian ? T(bigEndian: value) : T(littleEndian: value)
    }

    /// Reads a value of a type.
    mutating func value(_ type: DBusType, depth: Int = 0) throws(RuntimeError) -> DBusValue {
        values += 1
        guard values <= Self.maximumValues else { throw malformed("more than \(Self.maximumValues) values") }
        guard depth <= Self.maximumDepth else { throw malformed("nested more than \(Self.maximumDepth) deep") }
        switch type {
        case .byte: return .byte(try integer())
        case .boolean:
            let value: UInt32 = try integer()
            guard value <= 1 else { throw malformed("a boolean that is \(value)") }
            return .boolean(value == 1)
        case .int16: return .int16(try integer())
        case .uint16: return .uint16(try integer())
        case .int32: return .int32(try integer())
        case .uint32: return .uint32(try integer())
        case .int64: return .int64(try integer())
        case .uint64: return .uint64(try integer())
        case .double: return .double(Double(bitPattern: try integer()))
        case .string: return .string(try text(length: Int(try integer(UInt32.self))))
        case .objectPath: return .objectPath(try objectPath())
        case .signature: return .signature(try signature())
        case .array(let element): return try array(element, depth: depth + 1)
        case .structure(let members): return .structure(try list(members, depth: depth + 1))
        case .entry(let key, let value):
            let pair = try list([key, value], depth: depth + 1)
            return .entry(pair[0], pair[1])
        case .variant: return .variant(try variant(depth: depth + 1))
        }
    }

    private mutating func list(_ types: [DBusType], depth: Int) throws(RuntimeError) -> [DBusValue] {
        try align(8)
        var members: [DBusValue] = []
        for type in types { members.append(try value(type, depth: depth)) }
        return members
    }

    private mutating func variant(depth: Int) throws(RuntimeError) -> DBusValue {
        let types = try DBusType.list(signature: try signature())
        guard types.count == 1 else { throw malformed("a variant of \(types.count) types") }
        return try value(types[0], depth: depth)
    }

    private mutating func array(_ element: DBusType, depth: Int) throws(RuntimeError) -> DBusValue {
        let length = Int(try integer(UInt32.self))
        try align(element.alignment)
        guard length <= end - position else { throw malformed("an array of \(length) bytes is longer than the rest") }
        if element == .byte { return .bytes(Array(try take(length))) }
        let outer = end
        end = position + length
        var elements: [DBusValue] = []
        while !isAtEnd { elements.append(try value(element, depth: depth)) }
        end = outer
        return .array(element, elements)
    }

    private mutating func signature() throws(RuntimeError) -> String {
        let length: UInt8 = try integer()
        let text = try text(length: Int(length))
        _ = try DBusType.list(signature: text)
        return text
    }

    /// UTF-8 without a NUL, and a NUL behind it.
    private mutating func text(length: Int) throws(RuntimeError) -> String {
        let raw = try take(length)
        guard try take(1).first == 0 else { throw malformed("a string without its end") }
        guard !raw.contains(0), let text = String(validating: raw, as: UTF8.self) else {
            throw malformed("a string that is no UTF-8 text")
        }
        return text
    }

    private mutating func objectPath() throws(RuntimeError) -> String {
        let path = try text(length: Int(try integer(UInt32.self)))
        let steps = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let fits = steps.allSatisfy { step in
            !step.isEmpty && step.utf8.allSatisfy { ($0 | 32) &- 97 < 26 || $0 &- 48 < 10 || $0 == 95 }
        }
        guard path == "/" || path.utf8.first == UInt8(ascii: "/") && fits else {
            throw malformed("\"\(path)\" is no object path")
        }
        return path
    }
}
