internal import JSON
internal import Support

/// The part of Go's templates (text/template) that people use with `--format`: fields of any depth, `json`, `index`,
/// `len`, `join`, `upper`, `lower`, `title`, `println`, `range` and `if` with `else`, `eq`, `ne` and `not`.
///
/// A field that a document lacks is an error at its first level, where it is a slip of the pen, and `<no value>` below.
struct Template {
    private let nodes: [TemplateNode]

    init(_ source: String) throws {
        let text = source.hasPrefix("table ") ? String(source.dropFirst(6)) : source
        var parser = TemplateParser(text, shown: source)
        nodes = try parser.nodes(until: [])
    }

    /// The text for a document.
    func text(_ document: JSONValue) throws -> String {
        var output = ""
        try TemplateRun(root: document).write(nodes, document, &output)
        return output
    }
}

/// A piece of a template.
indirect enum TemplateNode {
    case text(String)
    case value(TemplateExpression)
    case range(TemplateExpression, [TemplateNode], otherwise: [TemplateNode])
    case condition(TemplateExpression, [TemplateNode], otherwise: [TemplateNode])
}

/// What stands between braces.
indirect enum TemplateExpression {
    /// `.`, `.A.B`, `$.A`.
    case field([String], fromRoot: Bool)
    case literal(JSONValue)
    case call(String, [TemplateExpression])
}

/// Carries out a template.
private struct TemplateRun {
    let root: JSONValue

    func write(_ nodes: [TemplateNode], _ dot: JSONValue, _ output: inout String) throws {
        for node in nodes {
            switch node {
            case .text(let text): output += text
            case .value(let expression): output += Self.shown(try value(expression, dot))
            case .condition(let expression, let body, let otherwise):
                try write(Self.isTrue(try value(expression, dot)) ? body : otherwise, dot, &output)
            case .range(let expression, let body, let otherwise):
                let items = Self.elements(try value(expression, dot))
                if items.isEmpty { try write(otherwise, dot, &output) }
                for item in items { try write(body, item, &output) }
            }
        }
    }

    private func value(_ expression: TemplateExpression, _ dot: JSONValue) throws -> JSONValue {
        switch expression {
        case .literal(let value): return value
        case .field(let names, let fromRoot): return try field(names, fromRoot ? root : dot)
        case .call(let name, let arguments): return try call(name, try arguments.map { try value($0, dot) })
        }
    }

    private func field(_ names: [String], _ start: JSONValue) throws -> JSONValue {
        var value = start
        for (depth, name) in names.enumerated() {
            guard let next = value[name] else {
                guard depth == 0, case .object = value else { return .null }
                throw RuntimeError(.invalidArgument, "--format: there is no field {{.\(name)}}")
            }
            value = next
        }
        return value
    }

    private func call(_ name: String, _ arguments: [JSONValue]) throws -> JSONValue {
        switch (name, arguments.count) {
        case ("json", 1): return .string(String(decoding: arguments[0].json(), as: UTF8.self))
        case ("len", 1): return .integer(Self.length(arguments[0]))
        case ("upper", 1): return .string(Self.shown(arguments[0]).uppercased())
        case ("lower", 1): return .string(Self.shown(arguments[0]).lowercased())
        case ("title", 1): return .string(Self.shown(arguments[0]).capitalizedFirst())
        case ("not", 1): return .bool(!Self.isTrue(arguments[0]))
        case ("println", _): return .string(arguments.map(Self.shown).joined(separator: " ") + "\n")
        case ("eq", 2): return .bool(Self.shown(arguments[0]) == Self.shown(arguments[1]))
        case ("ne", 2): return .bool(Self.shown(arguments[0]) != Self.shown(arguments[1]))
        case ("join", 2):
            return .string(Self.elements(arguments[0]).map(Self.shown).joined(separator: Self.shown(arguments[1])))
        case ("index", 2...): return try arguments.dropFirst().reduce(arguments[0], Self.element)
        default: throw RuntimeError(.unsupported, "--format: \(name) with \(arguments.count) arguments is not known")
        }
    }

    private static func element(_ value: JSONValue, _ key: JSONValue) throws -> JSONValue {
        if case .array(let items) = value {
            guard let index = Int(shown(key)), items.indices.contains(index) else {
                throw RuntimeError(.invalidArgument, "--format: index \(shown(key)) of \(items.count) elements")
            }
            return items[index]
        }
        return value[shown(key)] ?? .null
    }

    private static func elements(_ value: JSONValue) -> [JSONValue] {
        switch value {
        case .array(let items): items
        case .object(let members): members.sorted { $0.name < $1.name }.map(\.value)
        default: []
        }
    }

    private static func length(_ value: JSONValue) -> Int {
        if case .string(let text) = value { return text.utf8.count }
        return elements(value).count
    }

    /// What Go holds to be true: anything but nothing, zero and what is empty.
    private static func isTrue(_ value: JSONValue) -> Bool {
        switch value {
        case .null: false
        case .bool(let value): value
        case .number(let text): text != "0"
        case .string(let text): !text.isEmpty
        case .array(let items): !items.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    /// A value as Go prints it.
    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .null: "<no value>"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): text
        case .array(let items): "[" + items.map(shown).joined(separator: " ") + "]"
        case .object(let members):
            "map["
                + members.sorted { $0.name < $1.name }.map { "\($0.name):\(shown($0.value))" }.joined(separator: " ")
                + "]"
        }
    }
}
