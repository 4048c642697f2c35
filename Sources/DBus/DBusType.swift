public import Support

/// A complete type of the D-Bus specification ("Type System"): what a signature is made of.
///
/// File descriptors (`h`) are not among them: no connection of ours asks for them.
public indirect enum DBusType: Sendable, Equatable {
    case byte, boolean, int16, uint16, int32, uint32, int64, uint64, double, string, objectPath, signature, variant
    case array(DBusType)
    case structure([DBusType])
    /// The element of an array that is a dictionary; the key is a basic type.
    case entry(DBusType, DBusType)

    /// How deep arrays and structures may each nest.
    static let maximumDepth = 32

    /// The code that a signature has for it.
    public var code: String {
        switch self {
        case .array(let element): "a\(element.code)"
        case .structure(let members): "(\(members.map(\.code).joined()))"
        case .entry(let key, let value): "{\(key.code)\(value.code)}"
        default: String(Unicode.Scalar(basicCode))
        }
    }

    /// The boundary that its values start at, counted from the message's start.
    var alignment: Int {
        switch self {
        case .byte, .signature, .variant: 1
        case .int16, .uint16: 2
        case .boolean, .int32, .uint32, .string, .objectPath, .array: 4
        case .int64, .uint64, .double, .structure, .entry: 8
        }
    }

    /// The types of a signature.
    ///
    /// - Throws: ``RuntimeError`` `invalidArgument` for one that the specification forbids: over 255 bytes, an unknown or
    ///   incomplete type, an empty structure, an entry outside of an array, arrays or structures over 32 deep.
    public static func list(signature: String) throws(RuntimeError) -> [DBusType] {
        guard signature.utf8.count <= 255 else { throw malformed("a signature of \(signature.utf8.count) bytes") }
        var parser = SignatureParser(text: signature, rest: Array(signature.utf8)[...])
        var types: [DBusType] = []
        while !parser.rest.isEmpty { types.append(try parser.next(arrays: 0, structures: 0)) }
        return types
    }

    private var basicCode: UInt8 {
        Self.basic.first { $0.value == self }?.key ?? UInt8(ascii: "v")
    }

    fileprivate static let basic: [UInt8: DBusType] = [
        UInt8(ascii: "y"): .byte, UInt8(ascii: "b"): .boolean, UInt8(ascii: "n"): .int16, UInt8(ascii: "q"): .uint16,
        UInt8(ascii: "i"): .int32, UInt8(ascii: "u"): .uint32, UInt8(ascii: "x"): .int64, UInt8(ascii: "t"): .uint64,
        UInt8(ascii: "d"): .double, UInt8(ascii: "s"): .string, UInt8(ascii: "o"): .objectPath,
        UInt8(ascii: "g"): .signature, UInt8(ascii: "v"): .variant,
    ]
}

private struct SignatureParser {
    let text: String
    var rest: ArraySlice<UInt8>

    mutating func next(arrays: Int, structures: Int) throws(RuntimeError) -> DBusType {
        guard arrays <= DBusType.maximumDepth, structures <= DBusType.maximumDepth else { throw refuse("too deep") }
        guard let code = rest.popFirst() else { throw refuse("incomplete") }
        if let basic = DBusType.basic[code] { return basic }
        switch code {
        case UInt8(ascii: "a"):
            if rest.first == UInt8(ascii: "{") { return .array(try entry(arrays + 1, structures)) }
            return .array(try next(arrays: arrays + 1, structures: structures))
        case UInt8(ascii: "("):
            var members: [DBusType] = []
            while rest.first != UInt8(ascii: ")") {
                members.append(try next(arrays: arrays, structures: structures + 1))
            }
            rest = rest.dropFirst()
            if members.isEmpty { throw refuse("an empty structure") }
            return .structure(members)
        default: throw refuse("unknown type")
        }
    }

    private mutating func entry(_ arrays: Int, _ structures: Int) throws(RuntimeError) -> DBusType {
        rest = rest.dropFirst()
        let key = try next(arrays: arrays, structures: structures + 1)
        switch key {
        case .array, .structure, .entry, .variant: throw refuse("a key that is no basic type")
        default: break
        }
        let value = try next(arrays: arrays, structures: structures + 1)
        guard rest.popFirst() == UInt8(ascii: "}") else { throw refuse("an entry of more than two types") }
        return .entry(key, value)
    }

    private func refuse(_ why: String) -> RuntimeError { malformed("signature \"\(text)\": \(why)") }
}

/// The error for bytes that are no D-Bus message.
func malformed(_ what: String) -> RuntimeError {
    RuntimeError(.invalidArgument, "malformed D-Bus message: \(what)")
}
