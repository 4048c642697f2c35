extension TOMLReader {
    mutating func readValue(depth: Int) throws(TOMLError) -> TOMLValue {
        if depth > Self.maximumDepth { throw failure("nested deeper than \(Self.maximumDepth)") }
        skipBlanks()
        guard let next = rest.first else { throw failure("expected a value") }
        switch next {
        case "\"", "'": return .string(try readString())
        case "[": return .array(try readArray(depth))
        case "{": return .table(try readInlineTable(depth))
        default: return try readWord()
        }
    }

    private mutating func readArray(_ depth: Int) throws(TOMLError) -> [TOMLValue] {
        rest.removeFirst()
        var values: [TOMLValue] = []
        while true {
            skipLinesAndComments()
            if take("]") { return values }
            values.append(try readValue(depth: depth + 1))
            skipLinesAndComments()
            if take("]") { return values }
            try expect(",")
        }
    }

    private mutating func readInlineTable(_ depth: Int) throws(TOMLError) -> TOMLTable {
        rest.removeFirst()
        var table = TOMLTable()
        table.isClosed = true
        skipBlanks()
        if take("}") { return table }
        repeat {
            let key = try readKey()
            try expect("=")
            let value = try readValue(depth: depth + 1)
            try Self.insert(value, at: key[...], in: &table, line)
            skipBlanks()
        } while take(",")
        try expect("}")
        return table
    }

    /// `true`, `false` or an integer.
    private mutating func readWord() throws(TOMLError) -> TOMLValue {
        var word = ""
        while let next = rest.first, next.isASCII, next.value > 0x20, !",]}#".unicodeScalars.contains(next) {
            word.unicodeScalars.append(next)
            rest.removeFirst()
        }
        if word == "true" { return .boolean(true) }
        if word == "false" { return .boolean(false) }
        let digits = word.drop { $0 == "+" || $0 == "-" }
        let isInteger =
            word.count - digits.count <= 1 && !digits.hasPrefix("_") && !digits.hasSuffix("_")
            && !digits.contains("__") && (digits == "0" || !digits.hasPrefix("0"))
        if isInteger, let number = Int64(word.filter { $0 != "_" }) { return .integer(number) }
        throw failure("expected a string, a boolean, an integer, an array or a table")
    }

    mutating func readString() throws(TOMLError) -> String {
        guard let quote = rest.popFirst() else { throw failure("expected a string") }
        if rest.first == quote, rest.dropFirst().first == quote {
            throw failure("strings of several lines are not read")
        }
        var text = ""
        while let next = rest.popFirst() {
            if next == quote { return text }
            if next == "\\", quote == "\"" {
                text.unicodeScalars.append(try readEscape())
            } else if next.value < 0x20 && next != "\t" || next.value == 0x7f {
                throw failure("a control character or the end of the line in a string")
            } else {
                text.unicodeScalars.append(next)
            }
        }
        throw failure("a string without its end")
    }

    private mutating func readEscape() throws(TOMLError) -> Unicode.Scalar {
        switch rest.popFirst() {
        case "b": return "\u{8}"
        case "t": return "\t"
        case "n": return "\n"
        case "f": return "\u{c}"
        case "r": return "\r"
        case "\"": return "\""
        case "\\": return "\\"
        case "u": return try readScalar(digits: 4)
        case "U": return try readScalar(digits: 8)
        default: throw failure("an unknown escape in a string")
        }
    }

    private mutating func readScalar(digits: Int) throws(TOMLError) -> Unicode.Scalar {
        let text = String(String.UnicodeScalarView(rest.prefix(digits)))
        guard text.unicodeScalars.count == digits, text.allSatisfy(\.isHexDigit),
            let scalar = UInt32(text, radix: 16).flatMap(Unicode.Scalar.init)
        else { throw failure("a wrong \\u escape in a string") }
        rest.removeFirst(digits)
        return scalar
    }
}
