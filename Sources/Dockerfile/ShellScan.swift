internal import Support

/// One pass over a text: see ``ShellLexer``.
struct ShellScan {
    private let text: [Unicode.Scalar]
    private var place = 0
    private let escape: Unicode.Scalar
    private let depth: Int
    /// Whether blanks outside quotes end a word.
    var splits = false
    /// Whether quotes are plain text, as in a here-document.
    var keepsQuotes = false
    private var words: [String] = []
    private var word = ""
    private var hasWord = false

    init(_ text: String, escape: Unicode.Scalar) {
        self.init(Array(text.unicodeScalars), escape, 0)
    }

    private init(_ text: [Unicode.Scalar], _ escape: Unicode.Scalar, _ depth: Int) {
        (self.text, self.escape, self.depth) = (text, escape, depth)
    }

    /// Reads to the end; one word, or several where it splits.
    mutating func run(_ value: (String) -> String?) throws -> [String] {
        guard depth <= ShellLexer.depth else { throw Fault("variables nested more than \(ShellLexer.depth) deep") }
        while let scalar = take() {
            switch scalar {
            case "'" where !keepsQuotes: try single()
            case "\"" where !keepsQuotes: try double(value)
            case "$": try add(dollar(value), splitting: splits)
            case escape where keepsQuotes && peek() != "$" && peek() != escape: add(scalar)
            case escape: if let next = take() { add(next) }
            case " ", "\t", "\n": splits ? endWord() : add(scalar)
            default: add(scalar)
            }
            guard word.utf8.count <= ShellLexer.wordBytes else {
                throw Fault("a value of more than \(ShellLexer.wordBytes) bytes", code: .resourceExhausted)
            }
        }
        if splits { endWord() } else { words = [word] }
        return words
    }

    private mutating func take() -> Unicode.Scalar? {
        guard place < text.count else { return nil }
        place += 1
        return text[place - 1]
    }

    private func peek() -> Unicode.Scalar? { place < text.count ? text[place] : nil }

    private mutating func add(_ scalar: Unicode.Scalar) {
        word.unicodeScalars.append(scalar)
        hasWord = true
    }

    private mutating func add(_ value: String, splitting: Bool) {
        for scalar in value.unicodeScalars {
            if splitting && (scalar == " " || scalar == "\t" || scalar == "\n") { endWord() } else { add(scalar) }
        }
    }

    private mutating func endWord() {
        if hasWord { words.append(word) }
        word = ""
        hasWord = false
    }

    private mutating func single() throws {
        hasWord = true
        while let scalar = take() {
            if scalar == "'" { return }
            add(scalar)
        }
        throw Fault("a ' without its end")
    }

    private mutating func double(_ value: (String) -> String?) throws {
        hasWord = true
        while let scalar = take() {
            switch scalar {
            case "\"": return
            case "$": try add(dollar(value), splitting: false)
            case escape:
                guard let next = take() else { continue }
                // Only these have a meaning that an escape can take away; in front of others it stands for itself.
                if next != "\"" && next != "$" && next != escape { add(scalar) }
                add(next)
            default: add(scalar)
            }
        }
        throw Fault("a \" without its end")
    }

    /// What stands behind a `$`.
    private mutating func dollar(_ value: (String) -> String?) throws -> String {
        guard peek() == "{" else {
            let name = name()
            return name.isEmpty ? "$" : value(name) ?? ""
        }
        place += 1
        let name = name()
        guard !name.isEmpty else { throw Fault("${ without a variable's name", word: "${") }
        guard let mark = take() else { throw Fault("${\(name) without its }", word: "${\(name)") }
        switch mark {
        case "}": return value(name) ?? ""
        case ":":
            guard let modifier = take(), "-+?".unicodeScalars.contains(modifier) else {
                throw Fault("${\(name): is followed by none of - + ?", word: "${\(name):")
            }
            return try choose(name, modifier, emptyCounts: false, value)
        case "-", "+", "?": return try choose(name, mark, emptyCounts: true, value)
        case "#", "%":
            let isLongest = peek() == mark
            if isLongest { place += 1 }
            let pattern = try operand(name, value, keepsEscapes: true)
            return TextPattern(pattern).removed(from: value(name) ?? "", atStart: mark == "#", longest: isLongest)
        case "/": return try replaced(name, value)
        default: throw Fault("${\(name)\(mark) is no substitution", word: "${\(name)\(mark)")
        }
    }

    private mutating func choose(
        _ name: String, _ modifier: Unicode.Scalar, emptyCounts: Bool, _ value: (String) -> String?
    ) throws -> String {
        let word = try operand(name, value)
        let current = value(name)
        let isSet = current != nil && (emptyCounts || current != "")
        switch modifier {
        case "-": return isSet ? current ?? "" : word
        case "+": return isSet ? word : ""
        default:
            if isSet { return current ?? "" }
            throw Fault("the variable \(name) is not set\(word.isEmpty ? "" : ": \(word)")", word: "${\(name)")
        }
    }

    private mutating func replaced(_ name: String, _ value: (String) -> String?) throws -> String {
        let isAll = peek() == "/"
        if isAll { place += 1 }
        let pattern = try operand(name, value, until: "/", keepsEscapes: true)
        let replacement = try operand(name, value)
        return TextPattern(pattern).replaced(in: value(name) ?? "", with: replacement, all: isAll)
    }

    /// The text up to the closing brace of this substitution, or to another mark, with its own variables replaced.
    private mutating func operand(
        _ name: String, _ value: (String) -> String?, until end: Unicode.Scalar = "}", keepsEscapes: Bool = false
    ) throws -> String {
        var nested: [Unicode.Scalar] = []
        var braces = 0
        var quote: Unicode.Scalar?
        while let scalar = take() {
            if scalar == escape && quote != "'", let next = peek() {
                // A pattern's escape is read by the pattern; two of them come out of the scan as one.
                nested += keepsEscapes && next != "}" && next != "/" ? [escape, escape, escape, next] : [escape, next]
                place += 1
                continue
            }
            if let open = quote {
                if scalar == open { quote = nil }
            } else if scalar == "'" || scalar == "\"" {
                quote = scalar
            } else if scalar == "{" && nested.last == "$" {
                braces += 1
            } else if scalar == end && braces == 0 {
                var inner = ShellScan(nested, escape, depth + 1)
                return try inner.run(value).joined()
            } else if scalar == "}" {
                if braces == 0 { throw Fault("${\(name) ends before its \(end)", word: "${\(name)") }
                braces -= 1
            }
            nested.append(scalar)
        }
        throw Fault("${\(name) without its \(end)", word: "${\(name)")
    }

    /// A variable's name at this place: letters, digits and `_`, or digits, or one special sign; may be empty.
    private mutating func name() -> String {
        let start = place
        guard let first = peek() else { return "" }
        if Self.isDigit(first) {
            while let next = peek(), Self.isDigit(next) { place += 1 }
        } else if Self.isLetter(first) {
            while let next = peek(), Self.isLetter(next) || Self.isDigit(next) { place += 1 }
        } else if "@*#".unicodeScalars.contains(first) {
            place += 1
        }
        return String(String.UnicodeScalarView(text[start..<place]))
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }
}
