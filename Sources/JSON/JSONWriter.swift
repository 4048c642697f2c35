/// Writes JSON (RFC 8259) into a growing byte array.
///
/// Members appear in the order written. Give ``init(indent:)`` a width for text that people read.
public struct JSONWriter {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []
    private let indent: Int
    private var depth = 0
    private var first = true
    private var afterKey = false

    /// Compact output where `indent` is 0, else that many spaces a level.
    public init(indent: Int = 0) {
        self.indent = indent
    }

    /// The whole text of one value.
    public static func text(indent: Int = 0, _ body: (inout JSONWriter) throws -> Void) rethrows -> [UInt8] {
        var writer = JSONWriter(indent: indent)
        try body(&writer)
        return writer.bytes
    }

    /// Writes an object whose members `body` writes with ``member(_:_:)``.
    public mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try nested(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    /// Writes an array whose elements `body` writes one after the other.
    public mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try nested(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    /// Writes a member's name; the next value written belongs to it.
    public mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        if indent > 0 { bytes.append(UInt8(ascii: " ")) }
        afterKey = true
    }

    /// Writes a member by `body`.
    public mutating func member(_ name: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try body(&self)
    }

    /// Writes a string member; nil leaves it out.
    public mutating func member(_ name: String, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value)
    }

    /// Writes an integer member; nil leaves it out.
    public mutating func member(_ name: String, _ value: (some FixedWidthInteger)?) {
        guard let value else { return }
        key(name)
        integer(value)
    }

    /// Writes a boolean member; nil leaves it out.
    public mutating func member(_ name: String, _ value: Bool?) {
        guard let value else { return }
        key(name)
        bool(value)
    }

    /// Writes a member that is a list of strings.
    public mutating func member(_ name: String, _ values: [String]) {
        key(name)
        array { writer in for value in values { writer.string(value) } }
    }

    /// Writes a member that is an object of strings, sorted by name.
    public mutating func member(_ name: String, _ values: [String: String]) {
        key(name)
        object { writer in
            for (key, value) in values.sorted(by: { $0.key < $1.key }) { writer.member(key, value) }
        }
    }

    /// Writes a string value.
    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    /// Writes an integer value.
    public mutating func integer(_ value: some FixedWidthInteger) {
        separate()
        bytes += Array(String(value).utf8)
    }

    /// Writes a boolean value.
    public mutating func bool(_ value: Bool) {
        separate()
        bytes += Array((value ? "true" : "false").utf8)
    }

    /// Writes null.
    public mutating func null() {
        separate()
        bytes += Array("null".utf8)
    }

    /// Writes a value that is JSON text already.
    public mutating func raw(_ text: [UInt8]) {
        separate()
        bytes += text
    }

    private mutating func nested(
        _ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        separate()
        bytes.append(open)
        depth += 1
        first = true
        try body(&self)
        depth -= 1
        if !first { newline() }
        bytes.append(close)
        first = false
    }

    /// Puts what belongs before the next key or value.
    private mutating func separate() {
        if afterKey {
            afterKey = false
            return
        }
        guard depth > 0 else { return }
        if !first { bytes.append(UInt8(ascii: ",")) }
        first = false
        newline()
    }

    private mutating func newline() {
        guard indent > 0 else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * indent))
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case ..<0x20, 0x7f:
                bytes += Array("\\u00".utf8)
                for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
