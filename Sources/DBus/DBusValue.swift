/// A value of the D-Bus type system.
public indirect enum DBusValue: Sendable, Equatable {
    case byte(UInt8), boolean(Bool), int16(Int16), uint16(UInt16), int32(Int32), uint32(UInt32), int64(Int64)
    case uint64(UInt64), double(Double), string(String), objectPath(String), signature(String)
    /// An array of bytes, in one piece.
    case bytes([UInt8])
    /// An array of any other type, whose elements all have it.
    case array(DBusType, [DBusValue])
    case structure([DBusValue])
    /// An element of an array that is a dictionary.
    case entry(DBusValue, DBusValue)
    case variant(DBusValue)

    /// Its type.
    public var type: DBusType {
        switch self {
        case .byte: .byte
        case .boolean: .boolean
        case .int16: .int16
        case .uint16: .uint16
        case .int32: .int32
        case .uint32: .uint32
        case .int64: .int64
        case .uint64: .uint64
        case .double: .double
        case .string: .string
        case .objectPath: .objectPath
        case .signature: .signature
        case .bytes: .array(.byte)
        case .array(let element, _): .array(element)
        case .structure(let members): .structure(members.map(\.type))
        case .entry(let key, let value): .entry(key.type, value.type)
        case .variant: .variant
        }
    }

    /// The text of a string or an object path.
    public var text: String? {
        switch self {
        case .string(let text), .objectPath(let text): text
        default: nil
        }
    }

    /// An array of strings.
    public static func strings(_ list: [String]) -> DBusValue { .array(.string, list.map { .string($0) }) }
}
