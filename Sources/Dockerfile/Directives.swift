/// The parser directives at the top of a file: comments of the form `# key=value` before anything else.
public struct Directives: Sendable, Equatable {
    /// The character that escapes and joins lines: `\`, or a backquote.
    public var escape: Unicode.Scalar = "\\"
    /// The image of another front end that was asked for; hako reads every file itself.
    public var syntax: String?

    /// Reads the directives from the first lines of a file; stops at the first line that is none.
    static func parse(_ lines: [String], file: String) throws(DockerfileError) -> Directives {
        var directives = Directives()
        var seen: Set<String> = []
        for (index, line) in lines.enumerated() {
            guard let (key, value) = pair(line), ["escape", "syntax", "check"].contains(key) else { break }
            guard seen.insert(key).inserted else {
                throw DockerfileError(
                    "the directive \(key) stands here a second time", file: file, line: index + 1, text: line)
            }
            if key == "syntax" { directives.syntax = value }
            guard key == "escape" else { continue }
            guard value == "\\" || value == "`", let scalar = value.unicodeScalars.first else {
                throw DockerfileError(
                    "the escape character \"\(value)\" is neither \\ nor `", file: file, line: index + 1, text: line)
            }
            directives.escape = scalar
        }
        return directives
    }

    private static func pair(_ line: String) -> (String, String)? {
        let text = line.trimmingBlanks()
        guard text.hasPrefix("#"), let equals = text.firstIndex(of: "=") else { return nil }
        let key = String(text[..<equals].dropFirst()).trimmingBlanks().lowercased()
        guard !key.isEmpty, key.allSatisfy({ $0.isLetter }) else { return nil }
        return (key, String(text[text.index(after: equals)...]).trimmingBlanks())
    }
}

extension StringProtocol {
    /// Without blanks and tabs at both ends.
    func trimmingBlanks() -> String {
        let isBlank: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\n" }
        let scalars = unicodeScalars.drop(while: isBlank)
        let count = scalars.reversed().prefix(while: isBlank).count
        return String(String.UnicodeScalarView(scalars.dropLast(count)))
    }
}
