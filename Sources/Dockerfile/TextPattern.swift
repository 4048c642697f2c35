/// A pattern of a shell substitution: `*` is any text, `?` any character, `\` takes the next one's meaning away.
struct TextPattern {
    private enum Token {
        case any, one
        case literal(Unicode.Scalar)
    }

    private var tokens: [Token] = []

    init(_ text: String) {
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                tokens.append(.literal(scalar))
                isEscaped = false
            } else {
                switch scalar {
                case "\\": isEscaped = true
                case "*": tokens.append(.any)
                case "?": tokens.append(.one)
                default: tokens.append(.literal(scalar))
                }
            }
        }
        if isEscaped { tokens.append(.literal("\\")) }
    }

    /// The text without what the pattern fits at one of its ends, the shortest or the longest; whole where it fits nothing.
    func removed(from text: String, atStart: Bool, longest: Bool) -> String {
        let scalars = Array(text.unicodeScalars)
        let subject = atStart ? scalars : scalars.reversed()
        let lengths = lengths(in: subject[...], tokens: atStart ? tokens : tokens.reversed())
        guard let length = longest ? lengths.last : lengths.first else { return text }
        let rest = atStart ? scalars[length...] : scalars[..<(scalars.count - length)]
        return String(String.UnicodeScalarView(rest))
    }

    /// The text with the longest first fit, or each one, replaced.
    func replaced(in text: String, with replacement: String, all: Bool) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        var place = 0
        var isDone = false
        while place < scalars.count {
            if !isDone, let length = lengths(in: scalars[place...], tokens: tokens).last, length > 0 {
                result += replacement
                place += length
                isDone = !all
                if result.utf8.count > ShellLexer.wordBytes { break }
            } else {
                result.unicodeScalars.append(scalars[place])
                place += 1
            }
        }
        return result
    }

    /// The lengths of the prefixes of `text` that fit, ascending. All states at once, so that no pattern takes long.
    private func lengths(in text: ArraySlice<Unicode.Scalar>, tokens: [Token]) -> [Int] {
        var found: [Int] = []
        var states: Set<Int> = []
        func enter(_ state: Int, _ set: inout Set<Int>) {
            guard set.insert(state).inserted, state < tokens.count, case .any = tokens[state] else { return }
            enter(state + 1, &set)
        }
        enter(0, &states)
        if states.contains(tokens.count) { found.append(0) }
        for (index, scalar) in text.enumerated() {
            var next: Set<Int> = []
            for state in states where state < tokens.count {
                switch tokens[state] {
                case .any: enter(state, &next)
                case .one: enter(state + 1, &next)
                case .literal(let wanted): if wanted == scalar { enter(state + 1, &next) }
                }
            }
            if next.isEmpty { break }
            if next.contains(tokens.count) { found.append(index + 1) }
            states = next
        }
        return found
    }
}
