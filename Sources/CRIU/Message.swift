internal import Support

/// A protocol-buffers message being written (protobuf.dev, Encoding): the kinds of field that criu's rpc.proto has.
struct MessageWriter {
    private(set) var bytes: [UInt8] = []

    /// A bool, an enum or an integer; a negative number takes ten bytes, as proto2 has it.
    mutating func number(_ field: UInt64, _ value: Int) {
        variable(field << 3)
        variable(UInt64(bitPattern: Int64(value)))
    }

    /// A number that need not be there.
    mutating func number(_ field: UInt64, unlessNil value: Int?) {
        if let value { number(field, value) }
    }

    /// A bool, written only where it is true: each default is false.
    mutating func flag(_ field: UInt64, _ value: Bool) {
        if value { number(field, 1) }
    }

    mutating func text(_ field: UInt64, _ value: String?) {
        if let value { block(field, Array(value.utf8)) }
    }

    mutating func message(_ field: UInt64, _ body: (inout MessageWriter) -> Void) {
        var inner = MessageWriter()
        body(&inner)
        block(field, inner.bytes)
    }

    private mutating func block(_ field: UInt64, _ content: [UInt8]) {
        variable(field << 3 | 2)
        variable(UInt64(content.count))
        bytes += content
    }

    private mutating func variable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// A protocol-buffers message being read, field by field.
struct MessageReader {
    enum Value {
        case number(UInt64)
        case block([UInt8])

        var number: Int? { if case .number(let value) = self { Int(truncatingIfNeeded: value) } else { nil } }
        var block: [UInt8]? { if case .block(let bytes) = self { bytes } else { nil } }
        var text: String? { block.map { String(decoding: $0, as: UTF8.self) } }
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// The next field and its value; nil at the end.
    mutating func next() throws(RuntimeError) -> (field: UInt64, value: Value)? {
        if rest.isEmpty { return nil }
        let key = try variable()
        switch key & 7 {
        case 0: return (key >> 3, .number(try variable()))
        case 1: return (key >> 3, .block(try take(8)))
        case 2: return (key >> 3, .block(try take(variable())))
        case 5: return (key >> 3, .block(try take(4)))
        default: throw RuntimeError(.internal, "criu's answer has a field of kind \(key & 7)")
        }
    }

    private mutating func take(_ count: UInt64) throws(RuntimeError) -> [UInt8] {
        guard count <= UInt64(rest.count) else { throw RuntimeError(.internal, "criu's answer ends early") }
        defer { rest = rest.dropFirst(Int(count)) }
        return Array(rest.prefix(Int(count)))
    }

    private mutating func variable() throws(RuntimeError) -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while let byte = rest.popFirst() {
            guard shift < 64 else { break }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw RuntimeError(.internal, "criu's answer has a number without end")
    }
}
