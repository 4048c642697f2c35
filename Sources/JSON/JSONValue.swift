/// Any JSON value, for documents whose members are not known beforehand. Members keep their order.
public indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number as it stands in the text.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A member of an object.
    public struct Member: Sendable, Equatable {
        /// Its name.
        public var name: String
        /// Its value.
        public var value: JSONValue

        /// A pair.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// Reads a whole text.
    public init(_ bytes: [UInt8]) throws {
        self = try JSONReader.document(bytes) { reader in try reader.value() }
    }

    /// A number.
    public static func integer(_ value: some FixedWidthInteger) -> JSONValue { .number(String(value)) }

    /// A list of strings.
    public static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

    /// An object of strings, sorted by name.
    public static func strings(_ values: [String: String]) -> JSONValue {
        .object(values.sorted { $0.key < $1.key }.map { Member($0.key, .string($0.value)) })
    }

    /// The value of a member; the last one of several of the same name. nil where this is no object or lacks it.
    public subscript(name: String) -> JSONValue? {
        get {
            guard case .object(let members) = self else { return nil }
            return members.last { $0.name == name }?.value
        }
        set {
            guard case .object(var members) = self else { return }
            let place = members.lastIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append(Member(name, value))
            case (nil, nil): break
            }
            self = .object(members)
        }
    }

    /// The text, where this is one.
    public var text: String? { if case .string(let text) = self { text } else { nil } }

    /// Writes the value.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .number(let text): writer.raw(Array(text.utf8))
        case .string(let text): writer.string(text)
        case .array(let values): writer.array { writer in for value in values { value.write(to: &writer) } }
        case .object(let members):
            writer.object { writer in
                for member in members { writer.member(member.name) { member.value.write(to: &$0) } }
            }
        }
    }

    /// The value as JSON text.
    public func json(indent: Int = 0) -> [UInt8] {
        JSONWriter.text(indent: indent) { write(to: &$0) }
    }
}

extension JSONReader {
    /// Reads a value of any type.
    public mutating func value() throws -> JSONValue {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            try object { name, reader in members.append(JSONValue.Member(name, try reader.value())) }
            return .object(members)
        case UInt8(ascii: "["): return .array(try list { reader in try reader.value() })
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "n"):
            _ = try null()
            return .null
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try bool())
        default: return .number(String(decoding: try raw(), as: UTF8.self))
        }
    }
}
