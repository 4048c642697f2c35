/// A table of a TOML document, with its names in the order written.
struct TOMLTable: Equatable, Sendable {
    private(set) var names: [String] = []
    private var values: [String: TOMLValue] = [:]
    /// An inline table can't be added to (TOML 1.0 "Inline Table").
    var isClosed = false

    subscript(_ name: String) -> TOMLValue? {
        get { values[name] }
        set {
            if values[name] == nil, newValue != nil { names.append(name) }
            if newValue == nil { names.removeAll { $0 == name } }
            values[name] = newValue
        }
    }

    var isEmpty: Bool { names.isEmpty }
}

/// A value of a TOML document; floats, dates and arrays of tables are not read.
indirect enum TOMLValue: Equatable, Sendable {
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    case array([TOMLValue])
    case table(TOMLTable)

    /// The kind in words, for an error.
    var kind: String {
        switch self {
        case .string: "a string"
        case .integer: "an integer"
        case .boolean: "a boolean"
        case .array: "an array"
        case .table: "a table"
        }
    }
}

/// Why a TOML document can't be read, and where.
struct TOMLError: Error, CustomStringConvertible, Equatable {
    let line: Int
    let reason: String

    var description: String { "line \(line): \(reason)" }
}
