/// A strict pull parser for JSON (RFC 8259) over bytes in memory.
///
/// The caller asks for what it expects (`string()`, `object { … }`); anything else is a ``JSONError`` that names
/// the field. Strict: UTF-8 only, no duplicate detection but no extensions either, nesting at most
/// ``maximumDepth``, and nothing but white space after the value. It allocates only what it returns.
public struct JSONReader {
    /// The deepest nesting of objects and arrays that is accepted.
    public static let maximumDepth = 128

    enum Step {
        case key(String)
        case index(Int)
    }

    let bytes: [UInt8]
    var position = 0
    var path: [Step] = []

    /// Reads from `bytes`, a whole JSON text; call one reading method, then ``end()``.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// How many bytes have been read.
    public var offset: Int { position }

    /// Reads a whole document: one value, then the end.
    public static func document<T>(_ bytes: [UInt8], _ body: (inout JSONReader) throws -> T) throws -> T {
        var reader = JSONReader(bytes)
        let value = try body(&reader)
        try reader.end()
        return value
    }

    /// Throws unless only white space is left.
    public mutating func end() throws(JSONError) {
        skipSpace()
        if position != bytes.count { throw failure("unexpected text after the value") }
    }

    /// An error at the current field; for a caller that finds a value out of its range.
    public func failure(_ message: String) -> JSONError {
        JSONError(field: fieldPath, message: message, offset: position)
    }

    /// The current field's path, such as `process.rlimits[0].soft`.
    public var fieldPath: String {
        var text = ""
        for step in path {
            switch step {
            case .key(let key): text += text.isEmpty ? key : ".\(key)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }

    // MARK: Objects and arrays

    /// Reads an object; `member` is called with each key, in order, and must read or ``skip()`` the value.
    public mutating func object(_ member: (String, inout JSONReader) throws -> Void) throws {
        try open(UInt8(ascii: "{"), "an object")
        if try !close(UInt8(ascii: "}")) {
            repeat {
                skipSpace()
                guard peek == UInt8(ascii: "\"") else { throw failure("expected a member name in quotes") }
                let key = try stringLiteral()
                skipSpace()
                guard take(UInt8(ascii: ":")) else { throw failure("expected : after \"\(key)\"") }
                path.append(.key(key))
                try member(key, &self)
                path.removeLast()
            } while try more(UInt8(ascii: "}"))
        }
        depth -= 1
    }

    /// Reads an array; `element` is called at each element and must read or ``skip()`` it.
    public mutating func array(_ element: (inout JSONReader) throws -> Void) throws {
        try open(UInt8(ascii: "["), "an array")
        if try !close(UInt8(ascii: "]")) {
            var index = 0
            repeat {
                path.append(.index(index))
                try element(&self)
                path.removeLast()
                index += 1
            } while try more(UInt8(ascii: "]"))
        }
        depth -= 1
    }

    /// Reads an array into a Swift array.
    public mutating func list<T>(_ element: (inout JSONReader) throws -> T) throws -> [T] {
        var all: [T] = []
        try array { reader in all.append(try element(&reader)) }
        return all
    }

    /// Reads an array of strings.
    public mutating func strings() throws -> [String] {
        try list { reader in try reader.string() }
    }

    /// Reads an object whose members are all strings; of a repeated key the last value stands.
    public mutating func stringMap() throws -> [String: String] {
        var map: [String: String] = [:]
        try object { key, reader in map[key] = try reader.string() }
        return map
    }

    /// True, and the null consumed, where the next value is null.
    public mutating func null() throws(JSONError) -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    /// Reads null as nil, anything else by `body`.
    public mutating func optional<T>(_ body: (inout JSONReader) throws -> T) throws -> T? {
        try null() ? nil : try body(&self)
    }

    var depth = 0

    private mutating func open(_ bracket: UInt8, _ expected: String) throws(JSONError) {
        skipSpace()
        guard take(bracket) else { throw mismatch(expected) }
        depth += 1
        if depth > Self.maximumDepth { throw failure("nested deeper than \(Self.maximumDepth)") }
    }

    private mutating func close(_ bracket: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        return take(bracket)
    }

    private mutating func more(_ bracket: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        if take(UInt8(ascii: ",")) { return true }
        if take(bracket) { return false }
        throw failure(position == bytes.count ? "the text ends inside this value" : "expected , or a closing bracket")
    }

    // MARK: Bytes

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func literal(_ text: StaticString) throws(JSONError) {
        for character in "\(text)".utf8 where !take(character) { throw mismatch("\(text)") }
    }

    func mismatch(_ expected: String) -> JSONError {
        let found =
            switch peek {
            case nil: "the end of the text"
            case UInt8(ascii: "\""): "a string"
            case UInt8(ascii: "{"): "an object"
            case UInt8(ascii: "["): "an array"
            case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
            case UInt8(ascii: "n"): "null"
            case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte): "a number"
            default: "something that is not JSON"
            }
        return failure("expected \(expected), found \(found)")
    }
}
