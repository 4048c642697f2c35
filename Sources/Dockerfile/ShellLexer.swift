internal import Support

/// Replaces variables and removes quotes in an instruction's words, as the Dockerfile reference describes under
/// "Environment replacement": `$a ${a} ${a:-b} ${a-b} ${a:+b} ${a+b} ${a:?b} ${a?b} ${a#p} ${a##p} ${a%p} ${a%%p}
/// ${a/p/r} ${a//p/r}`, quotes, and the escape character.
public struct ShellLexer: Sendable {
    /// The escape character of the file.
    public let escape: Unicode.Scalar
    /// What one word may come to, in bytes: a few instructions can double a variable without end.
    static let wordBytes = 1 << 20
    static let depth = 64

    /// A lexer for a file with this escape character.
    public init(escape: Unicode.Scalar = "\\") {
        self.escape = escape
    }

    /// A word with its variables replaced and its quotes removed.
    ///
    /// - Parameter value: a variable's value; nil where it is not set.
    /// - Throws: `invalidArgument` for a quote or brace without its end, `${a:?…}` without a value.
    public func expand(_ word: String, _ value: (String) -> String?) throws -> String {
        var scan = ShellScan(word, escape: escape)
        return try scan.run(value).joined()
    }

    /// Like ``expand(_:_:)``, but what stands between blanks outside quotes becomes words of their own.
    public func expandWords(_ text: String, _ value: (String) -> String?) throws -> [String] {
        var scan = ShellScan(text, escape: escape)
        scan.splits = true
        return try scan.run(value)
    }

    /// A text with its variables replaced and its quotes kept, as in a here-document; the escape character takes the
    /// meaning of `$` and of itself away.
    public func expandKeepingQuotes(_ text: String, _ value: (String) -> String?) throws -> String {
        var scan = ShellScan(text, escape: escape)
        scan.keepsQuotes = true
        return try scan.run(value).joined()
    }

    /// Names of the variables that a text refers to.
    public func variables(in text: String) -> Set<String> {
        var names: Set<String> = []
        _ = try? expand(text) { name in
            names.insert(name)
            // A value, so that what stands behind `:+` is looked at too.
            return nil
        }
        _ = try? expand(text) { name in
            names.insert(name)
            return "x"
        }
        return names
    }

    /// The words between blanks outside quotes, quotes and variables left as they are.
    func rawWords(_ text: String) throws -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                isEscaped = false
            } else if scalar == escape && quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if scalar == open { quote = nil }
            } else if scalar == "\"" || scalar == "'" {
                quote = scalar
            } else if scalar == " " || scalar == "\t" {
                if !word.isEmpty { words.append(String(word)) }
                word = .init()
                continue
            }
            word.append(scalar)
        }
        if let quote { throw Fault("a \(quote) without its end") }
        if !word.isEmpty { words.append(String(word)) }
        return words
    }
}
