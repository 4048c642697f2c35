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
                let members = zip(columns, row).map { JSONValue.Member($0.field, .string($1)) }
                Console.line(try parsed.text(.object(members)))
            }
        }
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
        let places = shown.map { column in columns.firstIndex { $0.field == column.field } ?? 0 }
        let lines = [shown.map { $0.heading ?? "" }] + rows.map { row in places.map { row[$0] } }
        let widths = lines.map { line in line.map(Self.width) }
        let widest = shown.indices.map { index in widths.reduce(0) { max($0, $1[index]) } }
        var text = ""
        for (line, widths) in zip(lines, widths) {
            for (index, value) in line.enumerated() {
                text += value
                if index < line.count - 1 { text += String(repeating: " ", count: widest[index] - widths[index] + 3) }
            }
            text += "\n"
        }
        return text
    }

    /// Characters of a text, which are its bytes in most.
    private static func width(_ text: String) -> Int {
        text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.count : text.count
    }
}
