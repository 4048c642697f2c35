internal import JSON
internal import Support

/// A list for people and programs: a table, a line of JSON for each row, or a line by a template.
struct Listing {
    /// A column.
    struct Column {
        /// The name in JSON and templates, such as `ID`.
        let field: String
        /// The table's heading; nil keeps it out of the table.
        let heading: String?

        init(_ field: String, _ heading: String? = nil) {
            self.field = field
            self.heading = heading
        }
    }

    let columns: [Column]
    /// Each row's values, in the order of the columns.
    var rows: [[String]] = []

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Prints in a form: `table` or nil, `json`, or a template such as `{{.ID}} {{.Names}}`.
    func print(format: String?) throws {
        switch format {
        case nil, "table": Console.bytes(Array(table(columns.filter { $0.heading != nil }).utf8))
        case "json": for row in rows { Console.line(json(row)) }
        case let template?:
            let parsed = try Template(template)
            for row in rows {
                Console.line(
                    try parsed.text { name in
                        value(name, row)
                    } json: {
                        json(row)
                    })
            }
        }
    }

    private func value(_ field: String, _ row: [String]) -> String? {
        columns.firstIndex { $0.field == field }.map { row[$0] }
    }

    private func json(_ row: [String]) -> String {
        let bytes = JSONWriter.text { writer in
            writer.object { object in
                for (column, value) in zip(columns, row) { object.member(column.field, value) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Columns side by side, each as wide as its widest value.
    private func table(_ shown: [Column]) -> String {
        var lines = [shown.map { $0.heading ?? "" }]
        lines += rows.map { row in shown.map { value($0.field, row) ?? "" } }
        let widths = shown.indices.map { index in lines.map { $0[index].count }.max() ?? 0 }
        return lines.map { line in
            var text = ""
            for (index, value) in line.enumerated() {
                text += value
                if index < line.count - 1 { text += String(repeating: " ", count: widths[index] - value.count + 3) }
            }
            return text + "\n"
        }.joined()
    }
}

/// The little of Go's templates that people use: text with `{{.Field}}` and `{{json .}}`.
struct Template {
    private enum Part {
        case text(String)
        case field(String)
        case json
    }

    private var parts: [Part] = []

    init(_ source: String) throws {
        var rest = Substring(source)
        if rest.hasPrefix("table ") { rest = rest.dropFirst(6) }
        while let open = rest.range(ofFirst: "{{") {
            parts.append(.text(Self.unescaped(rest[..<open])))
            let after = rest[rest.index(open, offsetBy: 2)...]
            guard let close = after.range(ofFirst: "}}") else {
                throw RuntimeError(.invalidArgument, "--format \"\(source)\": {{ without }}")
            }
            let inside = String(after[..<close]).trimmingSpaces()
            if inside == "json ." {
                parts.append(.json)
            } else if inside.hasPrefix("."), !inside.dropFirst().contains(where: { !$0.isLetter && !$0.isNumber }) {
                parts.append(.field(String(inside.dropFirst())))
            } else {
                throw RuntimeError(.unsupported, "--format \"\(source)\": only {{.Field}} and {{json .}} are known")
            }
            rest = after[after.index(close, offsetBy: 2)...]
        }
        parts.append(.text(Self.unescaped(rest)))
    }

    func text(_ value: (String) -> String?, json: () -> String) throws -> String {
        try parts.map { part in
            switch part {
            case .text(let text): return text
            case .json: return json()
            case .field(let name):
                guard let text = value(name) else {
                    throw RuntimeError(.invalidArgument, "--format: there is no field {{.\(name)}}")
                }
                return text
            }
        }.joined()
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var escaped = false
        for character in text {
            if escaped {
                result.append(character == "t" ? "\t" : character == "n" ? "\n" : character)
                escaped = false
            } else if character == "\\" {
                escaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}

extension Substring {
    /// Where `text` first stands.
    fileprivate func range(ofFirst text: String) -> Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index }
            index = self.index(after: index)
        }
        return nil
    }
}
