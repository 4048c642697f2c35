internal import DBus
internal import Support

/// The grammar of ``VariantText``.
struct VariantParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// The next value.
    mutating func node(depth: Int) throws(RuntimeError) -> VariantNode {
        guard depth <= VariantText.maximumDepth else { throw refuse("nested too deep") }
        skipBlanks()
        switch peek {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "["): return .array(try list(until: "]", depth).nodes)
        case UInt8(ascii: "("): return try tuple(depth)
        case UInt8(ascii: "{"): return .dictionary(try dictionary(depth))
        case UInt8(ascii: "<"):
            position += 1
            let inner = try node(depth: depth + 1)
            try expect(">")
            return .variant(inner)
        case UInt8(ascii: "@"): return try typed(depth)
        case let byte? where byte &- 48 < 10 || "+-.".utf8.contains(byte):
            return .number(word { ".+-".utf8.contains($0) })
        default: return try keyword(depth)
        }
    }

    /// Throws unless nothing but blanks is left.
    mutating func expectEnd() throws(RuntimeError) {
        skipBlanks()
        if position < bytes.count { throw refuse("something behind the value") }
    }

    private static let keywords: [String: DBusType] = [
        "boolean": .boolean, "byte": .byte, "int16": .int16, "uint16": .uint16, "int32": .int32, "uint32": .uint32,
        "int64": .int64, "uint64": .uint64, "double": .double, "string": .string, "objectpath": .objectPath,
        "signature": .signature,
    ]

    private mutating func keyword(_ depth: Int) throws(RuntimeError) -> VariantNode {
        let start = position
        let name = word { _ in false }
        switch name {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "b" where peek == UInt8(ascii: "'") || peek == UInt8(ascii: "\""):
            return .bytes(Array(try text().utf8) + [0])
        default:
            guard let type = Self.keywords[name] else {
                position = start
                throw refuse("no value (texts stand in quotes)")
            }
            return .typed(type, try node(depth: depth + 1))
        }
    }

    private mutating func typed(_ depth: Int) throws(RuntimeError) -> VariantNode {
        position += 1
        let signature = word { "(){}".utf8.contains($0) }
        let types = try DBusType.list(signature: signature)
        guard types.count == 1 else { throw refuse("\"@\(signature)\" is not one type") }
        return .typed(types[0], try node(depth: depth + 1))
    }

    private mutating func tuple(_ depth: Int) throws(RuntimeError) -> VariantNode {
        let (nodes, endsInComma) = try list(until: ")", depth)
        // One value in brackets without a comma is no tuple in the format, and nothing else either.
        guard nodes.count > 1 || nodes.count == 1 && endsInComma else { throw refuse("a tuple is (1, 2) or (1,)") }
        return .tuple(nodes)
    }

    private mutating func list(
        until end: Unicode.Scalar, _ depth: Int
    ) throws(RuntimeError) -> (nodes: [VariantNode], endsInComma: Bool) {
        position += 1
        var nodes: [VariantNode] = []
        var endsInComma = false
        while true {
            skipBlanks()
            if peek == UInt8(ascii: end) { break }
            guard nodes.isEmpty || endsInComma else { throw refuse("no comma between values") }
            nodes.append(try node(depth: depth + 1))
            skipBlanks()
            endsInComma = peek == UInt8(ascii: ",")
            if endsInComma { position += 1 }
        }
        position += 1
        if endsInComma && end != ")" { throw refuse("a comma without a value") }
        return (nodes, endsInComma)
    }

    private mutating func dictionary(_ depth: Int) throws(RuntimeError) -> [(key: VariantNode, value: VariantNode)] {
        position += 1
        var pairs: [(key: VariantNode, value: VariantNode)] = []
        skipBlanks()
        while peek != UInt8(ascii: "}") {
            if !pairs.isEmpty { try expect(",") }
            let key = try node(depth: depth + 1)
            try expect(":")
            pairs.append((key, try node(depth: depth + 1)))
            skipBlanks()
        }
        position += 1
        return pairs
    }

    // MARK: Texts

    private mutating func text() throws(RuntimeError) -> String {
        let quote = bytes[position]
        position += 1
        var content: [UInt8] = []
        while let byte = peek, byte != quote {
            position += 1
            if byte == UInt8(ascii: "\\") { content += try escape() } else { content.append(byte) }
        }
        guard peek == quote else { throw refuse("a text without its end") }
        position += 1
        guard !content.contains(0), let text = String(validating: content, as: UTF8.self) else {
            throw refuse("a text that is no UTF-8, or has a NUL")
        }
        return text
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13,
        UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11,
    ]

    private mutating func escape() throws(RuntimeError) -> [UInt8] {
        guard let byte = peek else { throw refuse("a text without its end") }
        position += 1
        let count = byte == UInt8(ascii: "u") ? 4 : byte == UInt8(ascii: "U") ? 8 : 0
        if count == 0 { return [Self.escapes[byte] ?? byte] }
        let digits = bytes[position...].prefix(count)
        position += digits.count
        let text = String(decoding: digits, as: UTF8.self)
        guard digits.count == count, text.allSatisfy(\.isHexDigit),
            let scalar = UInt32(text, radix: 16).flatMap(Unicode.Scalar.init)
        else { throw refuse("an escape without its digits") }
        return Array(String(scalar).utf8)
    }

    // MARK: Bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = peek, [9, 10, 13, 32].contains(byte) { position += 1 }
    }

    private mutating func expect(_ sign: Unicode.Scalar) throws(RuntimeError) {
        skipBlanks()
        guard peek == UInt8(ascii: sign) else { throw refuse("\"\(sign)\" is missing") }
        position += 1
    }

    /// Letters, digits and what else belongs to the word.
    private mutating func word(_ isPart: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = peek, (byte | 32) &- 97 < 26 || byte &- 48 < 10 || isPart(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private func refuse(_ why: String) -> RuntimeError {
        RuntimeError(.invalidArgument, "at byte \(position): \(why)")
    }
}
