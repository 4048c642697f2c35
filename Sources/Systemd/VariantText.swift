public import DBus
public import Support

/// A value written as text: GVariant's text format as far as D-Bus types go (docs.gtk.org, "GVariant Text Format").
///
/// `uint64 5`, `'text'`, `['a', 'b']`, `(1, true)`, `{'k': <1>}`, `@as []`. The text may come from anybody: it has a
/// bound in length and depth, and what isn't understood to its last byte is refused.
public enum VariantText {
    /// The most bytes of a text.
    public static let maximumLength = 4096
    /// How deep it may nest.
    static let maximumDepth = 16

    /// Reads a text.
    ///
    /// - Throws: ``RuntimeError`` `invalidArgument` saying where it stops to make sense.
    public static func parse(_ text: String) throws(RuntimeError) -> DBusValue {
        guard text.utf8.count <= maximumLength else {
            throw RuntimeError(.invalidArgument, "\(text.utf8.count) bytes, at most \(maximumLength) are taken")
        }
        var parser = VariantParser(text)
        let node = try parser.node(depth: 0)
        try parser.expectEnd()
        return try node.value(as: nil)
    }
}

/// What a text says before its type is known: `5` may become any number.
indirect enum VariantNode {
    case boolean(Bool)
    case number(String)
    case text(String)
    case bytes([UInt8])
    case array([VariantNode])
    case tuple([VariantNode])
    case dictionary([(key: VariantNode, value: VariantNode)])
    case variant(VariantNode)
    case typed(DBusType, VariantNode)

    /// The value, of a type that is asked for or of the one that the format has for it.
    func value(as type: DBusType?) throws(RuntimeError) -> DBusValue {
        switch (self, type) {
        case (.typed(let own, let node), _):
            guard type == nil || type == own else { throw mismatch(type ?? own) }
            return try node.value(as: own)
        case (.boolean(let on), nil), (.boolean(let on), .boolean?): return .boolean(on)
        case (.number(let digits), _): return try VariantNumber(digits).value(as: type)
        case (.text(let text), nil), (.text(let text), .string?): return .string(text)
        case (.text(let text), .objectPath?): return .objectPath(text)
        case (.text(let text), .signature?):
            _ = try DBusType.list(signature: text)
            return .signature(text)
        case (.bytes(let bytes), nil), (.bytes(let bytes), .array(.byte)?): return .bytes(bytes)
        case (.variant(let inner), nil), (.variant(let inner), .variant?): return .variant(try inner.value(as: nil))
        case (.array(let nodes), _): return try array(nodes, as: type)
        case (.tuple(let nodes), _): return try tuple(nodes, as: type)
        case (.dictionary(let pairs), _): return try dictionary(pairs, as: type)
        default: throw mismatch(type ?? .variant)
        }
    }

    private func array(_ nodes: [VariantNode], as type: DBusType?) throws(RuntimeError) -> DBusValue {
        let element: DBusType
        if case .array(let wanted)? = type {
            element = wanted
        } else {
            guard type == nil else { throw mismatch(type ?? .variant) }
            guard let chosen = nodes.first(where: \.isTyped) ?? nodes.first else {
                throw RuntimeError(.invalidArgument, "an empty array needs its type, such as @as []")
            }
            element = try chosen.value(as: nil).type
        }
        var values: [DBusValue] = []
        for node in nodes { values.append(try node.value(as: element)) }
        guard element == .byte else { return .array(element, values) }
        return .bytes(values.compactMap { if case .byte(let byte) = $0 { byte } else { nil } })
    }

    private func tuple(_ nodes: [VariantNode], as type: DBusType?) throws(RuntimeError) -> DBusValue {
        var types: [DBusType?] = Array(repeating: nil, count: nodes.count)
        if let type {
            guard case .structure(let members) = type, members.count == nodes.count else { throw mismatch(type) }
            types = members
        }
        var values: [DBusValue] = []
        for (node, type) in zip(nodes, types) { values.append(try node.value(as: type)) }
        return .structure(values)
    }

    private func dictionary(
        _ pairs: [(key: VariantNode, value: VariantNode)], as type: DBusType?
    ) throws(RuntimeError) -> DBusValue {
        var types: (key: DBusType, value: DBusType)?
        if case .array(.entry(let key, let value))? = type {
            types = (key, value)
        } else if type != nil {
            throw mismatch(type ?? .variant)
        }
        guard types != nil || !pairs.isEmpty else {
            throw RuntimeError(.invalidArgument, "an empty dictionary needs its type, such as @a{sv} {}")
        }
        var entries: [DBusValue] = []
        for pair in pairs {
            let key = try pair.key.value(as: types?.key)
            let value = try pair.value.value(as: types?.value)
            types = (key.type, value.type)
            entries.append(.entry(key, value))
        }
        let (key, value) = types ?? (.string, .variant)
        // The signature's rules hold here too: a key is of a basic type.
        _ = try DBusType.list(signature: "a{\(key.code)\(value.code)}")
        return .array(.entry(key, value), entries)
    }

    private var isTyped: Bool { if case .typed = self { true } else { false } }

    private func mismatch(_ type: DBusType) -> RuntimeError {
        RuntimeError(.invalidArgument, "a value that is not of the type \(type.code)")
    }
}

/// The digits of a number.
private struct VariantNumber {
    let digits: String

    init(_ digits: String) { self.digits = digits }

    func value(as type: DBusType?) throws(RuntimeError) -> DBusValue {
        switch type {
        case .byte?: .byte(try integer())
        case .int16?: .int16(try integer())
        case .uint16?: .uint16(try integer())
        case .uint32?: .uint32(try integer())
        case .int64?: .int64(try integer())
        case .uint64?: .uint64(try integer())
        case .double?: .double(try double())
        case .int32?: .int32(try integer())
        case nil: isWhole ? .int32(try integer()) : .double(try double())
        default: throw RuntimeError(.invalidArgument, "\(digits) is not of the type \(type?.code ?? "")")
        }
    }

    private var isHexadecimal: Bool { digits.hasPrefix("0x") || digits.hasPrefix("-0x") }
    private var isWhole: Bool { isHexadecimal || !digits.contains { ".eE".contains($0) } }

    private func integer<T: FixedWidthInteger>() throws(RuntimeError) -> T {
        let isNegative = digits.hasPrefix("-")
        var text = digits.dropFirst(isNegative || digits.hasPrefix("+") ? 1 : 0)
        let radix = isHexadecimal ? 16 : text.hasPrefix("0") && text.count > 1 ? 8 : 10
        if radix == 16 { text = text.dropFirst(2) }
        guard text.first?.isHexDigit == true, let value = T((isNegative ? "-" : "") + text, radix: radix) else {
            throw RuntimeError(.invalidArgument, "\(digits) is no number of the type wanted (\(T.self))")
        }
        return value
    }

    private func double() throws(RuntimeError) -> Double {
        guard let value = Double(digits), value.isFinite else {
            throw RuntimeError(.invalidArgument, "\(digits) is no number")
        }
        return value
    }
}
