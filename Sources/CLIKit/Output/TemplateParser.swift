internal import JSON
internal import Support

/// Reads a template's text.
struct TemplateParser {
    private var rest: Substring
    private let shown: String
    /// Deeper nesting is nobody's wish.
    private var depth = 0

    init(_ text: String, shown: String) {
        rest = text[...]
        self.shown = shown
    }

    /// Reads up to one of the words `end` and `else`, which is consumed, or to the end of the text.
    mutating func nodes(until stops: [String]) throws -> [TemplateNode] {
        var found: [TemplateNode] = []
        while true {
            guard let open = rest.range(ofFirst: "{{") else {
                guard stops.isEmpty else { throw failure("a block without {{end}}") }
                found.append(.text(Self.unescaped(rest)))
                return found
            }
            found.append(.text(Self.unescaped(rest[..<open])))
            let inside = try action(from: open)
            var words = try TemplateWords(inside, shown: shown)
            switch words.first {
            case "end", "else":
                guard let word = words.first, stops.contains(word) else {
                    throw failure("{{\(inside)}} without a block")
                }
                stopped = word
                return found
            case "range", "if":
                found.append(try block(&words))
            default: found.append(.value(try words.pipeline()))
            }
        }
    }

    /// The word that ended the last block.
    private var stopped = ""

    private mutating func block(_ words: inout TemplateWords) throws -> TemplateNode {
        let isRange = words.first == "range"
        words.skip()
        let expression = try words.pipeline()
        depth += 1
        defer { depth -= 1 }
        guard depth <= 32 else { throw failure("blocks nested too deep") }
        let body = try nodes(until: ["end", "else"])
        let otherwise = stopped == "else" ? try nodes(until: ["end"]) : []
        return isRange
            ? .range(expression, body, otherwise: otherwise) : .condition(expression, body, otherwise: otherwise)
    }

    private mutating func action(from open: Substring.Index) throws -> String {
        let after = rest[rest.index(open, offsetBy: 2)...]
        guard let close = after.range(ofFirst: "}}") else { throw failure("{{ without }}") }
        rest = after[after.index(close, offsetBy: 2)...]
        return String(after[..<close]).trimmingSpaces()
    }

    private func failure(_ what: String) -> RuntimeError {
        RuntimeError(.invalidArgument, "--format \"\(shown)\": \(what)")
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

/// The words of one action.
private struct TemplateWords {
    private enum Word: Equatable {
        case plain(String)
        case text(String)
    }

    private var words: ArraySlice<Word>
    private let shown: String

    init(_ text: String, shown: String) throws {
        self.shown = shown
        var found: [Word] = []
        var rest = text[...]
        while let character = rest.first {
            if character == " " {
                rest.removeFirst()
            } else if character == "\"" || character == "`" {
                rest.removeFirst()
                guard let end = rest.firstIndex(of: character) else {
                    throw RuntimeError(.invalidArgument, "--format \"\(shown)\": a text without its closing quote")
                }
                found.append(.text(String(rest[..<end])))
                rest = rest[rest.index(after: end)...]
            } else if "()|".contains(character) {
                found.append(.plain(String(rest.removeFirst())))
            } else {
                let word = rest.prefix { !" ()|\"`".contains($0) }
                found.append(.plain(String(word)))
                rest = rest.dropFirst(word.count)
            }
        }
        words = found[...]
    }

    /// The first word, where it is none in quotes.
    var first: String? { if case .plain(let word)? = words.first { word } else { nil } }

    mutating func skip() { words = words.dropFirst() }

    /// `a | b | c`: each result is the last argument of the next call.
    mutating func pipeline() throws -> TemplateExpression {
        var value = try expression(nil)
        while first == "|" {
            skip()
            value = try expression(value)
        }
        guard words.isEmpty || first == ")" else { throw unknown() }
        return value
    }

    private mutating func expression(_ last: TemplateExpression?) throws -> TemplateExpression {
        if let name = first, name.first?.isLetter == true, name != "true", name != "false" {
            skip()
            var arguments: [TemplateExpression] = []
            while !words.isEmpty, first != "|", first != ")" { arguments.append(try operand()) }
            return .call(name, arguments + (last.map { [$0] } ?? []))
        }
        guard last == nil else { throw unknown() }
        return try operand()
    }

    private mutating func operand() throws -> TemplateExpression {
        guard let word = words.popFirst() else { throw unknown() }
        switch word {
        case .text(let text): return .literal(.string(text))
        case .plain("("):
            let value = try pipeline()
            guard first == ")" else { throw unknown() }
            skip()
            return value
        case .plain("true"): return .literal(.bool(true))
        case .plain("false"): return .literal(.bool(false))
        case .plain(let word):
            if Int(word) != nil { return .literal(.number(word)) }
            return try field(word)
        }
    }

    private func field(_ word: String) throws -> TemplateExpression {
        let fromRoot = word.hasPrefix("$")
        let path = fromRoot ? String(word.dropFirst()) : word
        if path == "." || (fromRoot && path.isEmpty) { return .field([], fromRoot: fromRoot) }
        let names = path.dropFirst().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let arePlain = names.allSatisfy { name in
            !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        }
        guard path.hasPrefix("."), arePlain else { throw unknown() }
        return .field(names, fromRoot: fromRoot)
    }

    private func unknown() -> RuntimeError {
        RuntimeError(
            .unsupported,
            "--format \"\(shown)\": only fields, json, index, len, join, range, if and their like are known")
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
