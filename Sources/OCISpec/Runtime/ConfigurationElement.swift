internal import JSON

/// A part of a runtime-spec document: read strictly, written without what is absent.
protocol ConfigurationElement: Sendable, Equatable {
    init(from reader: inout JSONReader) throws
    func write(to writer: inout JSONWriter)
}

extension JSONReader {
    /// Reads an object; a member that is null counts as absent, as Go's decoder has it.
    mutating func members(_ member: (String, inout JSONReader) throws -> Void) throws {
        try object { key, value in
            if try value.null() { return }
            try member(key, &value)
        }
    }

    /// Reads a string without a null byte: the kernel would take the part before it, and a path would lead elsewhere.
    mutating func kernelText() throws -> String {
        let text = try string()
        if text.utf8.contains(0) { throw failure("a null byte") }
        return text
    }

    /// Reads an array of strings without null bytes.
    mutating func kernelTexts() throws -> [String] {
        try list { reader in try reader.kernelText() }
    }

    /// Reads an object whose names and members are strings without null bytes.
    mutating func kernelTextMap() throws -> [String: String] {
        var map: [String: String] = [:]
        try object { key, reader in map[try reader.checked(key)] = try reader.kernelText() }
        return map
    }

    private func checked(_ key: String) throws -> String {
        if key.utf8.contains(0) { throw failure("a null byte in a name") }
        return key
    }

    /// Reads an array of elements.
    mutating func elements<T: ConfigurationElement>(_: T.Type = T.self) throws -> [T] {
        try list { reader in try T(from: &reader) }
    }

    /// Reads an object whose members are all elements.
    mutating func elementMap<T: ConfigurationElement>(_: T.Type = T.self) throws -> [String: T] {
        var map: [String: T] = [:]
        try object { key, reader in map[try reader.checked(key)] = try T(from: &reader) }
        return map
    }

    /// Reads an integer of a range.
    mutating func integer<T: FixedWidthInteger>(in range: ClosedRange<T>) throws -> T {
        let value = try integer(T.self)
        guard range.contains(value) else {
            throw failure("\(value) is out of range (\(range.lowerBound) to \(range.upperBound))")
        }
        return value
    }

    /// Reads a string that must be one of the cases of `T`.
    mutating func choice<T: RawRepresentable & CaseIterable>(_: T.Type = T.self) throws -> T
    where T.RawValue == String {
        let text = try string()
        guard let value = T(rawValue: text) else {
            let known = T.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure("unknown value \"\(text)\" (known: \(known))")
        }
        return value
    }

    /// Reads an array of strings that must be cases of `T`.
    mutating func choices<T: RawRepresentable & CaseIterable>(_: T.Type = T.self) throws -> [T]
    where T.RawValue == String {
        try list { reader in try reader.choice(T.self) }
    }

    /// Throws unless `present`: the current object lacks the member `name`, which the specification requires.
    func require(_ name: StaticString, _ present: Bool) throws {
        if !present { throw failure("the required member \"\(name)\" is missing") }
    }
}

extension JSONWriter {
    mutating func member(_ name: String, element: (some ConfigurationElement)?) {
        guard let element else { return }
        key(name)
        element.write(to: &self)
    }

    mutating func member(_ name: String, elements: [some ConfigurationElement]) {
        guard !elements.isEmpty else { return }
        key(name)
        array { writer in for element in elements { element.write(to: &writer) } }
    }

    mutating func member(_ name: String, elementMap: [String: some ConfigurationElement]) {
        guard !elementMap.isEmpty else { return }
        key(name)
        object { writer in
            for (key, element) in elementMap.sorted(by: { $0.key < $1.key }) { writer.member(key, element: element) }
        }
    }

    mutating func member(_ name: String, unlessEmpty values: [String]) {
        if !values.isEmpty { member(name, values) }
    }

    mutating func member(_ name: String, unlessEmpty values: [String: String]) {
        if !values.isEmpty { member(name, values) }
    }

    mutating func member(_ name: String, integers: [some FixedWidthInteger]) {
        guard !integers.isEmpty else { return }
        key(name)
        array { writer in for value in integers { writer.integer(value) } }
    }

    mutating func member<T: RawRepresentable>(_ name: String, choices: [T]) where T.RawValue == String {
        guard !choices.isEmpty else { return }
        key(name)
        array { writer in for value in choices { writer.string(value.rawValue) } }
    }
}
