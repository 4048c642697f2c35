/// An instruction's text after its lines were joined, with its here-documents.
struct LogicalLine {
    /// The joined text, without blanks at its start.
    var text: String
    /// The first line's number, from 1.
    let line: Int
    /// The last line's number, here-documents included.
    var lastLine: Int
    /// The first line as it stands in the file.
    let source: String
    var heredocs: [Heredoc] = []
}

/// The text between `<<WORD` and the line WORD.
public struct Heredoc: Sendable, Equatable {
    /// The word.
    public let name: String
    /// The text, with a newline at the end of each line.
    public var content: String
    /// Whether variables in it are replaced: the word stands without quotes.
    public let expands: Bool
    /// Whether tabs at the start of each line are dropped: `<<-`.
    public let dropsTabs: Bool
    /// The file descriptor in front of `<<`, where there is one.
    public let descriptor: String
}

/// Takes a file apart into logical lines.
struct LineReader {
    private let lines: [String]
    private let escape: Unicode.Scalar
    private let file: String
    private var next = 0

    /// Instructions that may have here-documents.
    private static let heredocKeywords: Set = ["RUN", "COPY", "ADD"]

    init(_ lines: [String], escape: Unicode.Scalar, file: String) {
        (self.lines, self.escape, self.file) = (lines, escape, file)
    }

    /// The next instruction's line; nil at the end of the file.
    mutating func read() throws(DockerfileError) -> LogicalLine? {
        while next < lines.count, Self.isIgnored(lines[next]) { next += 1 }
        guard next < lines.count else { return nil }
        var logical = LogicalLine(text: "", line: next + 1, lastLine: next + 1, source: lines[next])
        var joined = String.UnicodeScalarView()
        var isFirst = true
        while next < lines.count {
            let line = lines[next]
            // Comments and empty lines inside an instruction are left out.
            if !isFirst && Self.isIgnored(line) {
                next += 1
                continue
            }
            next += 1
            logical.lastLine = next
            let (part, goesOn) = continued(line)
            joined.append(contentsOf: isFirst ? part.drop { $0 == " " || $0 == "\t" } : part[...])
            isFirst = false
            if !goesOn { break }
        }
        logical.text = String(joined).trimmingBlanks()
        try readHeredocs(&logical)
        return logical
    }

    private static func isIgnored(_ line: String) -> Bool {
        let start = line.unicodeScalars.first { $0 != " " && $0 != "\t" && $0 != "\r" }
        return start == nil || start == "#"
    }

    /// The line without its escape at the end, and whether it has one that is not escaped itself.
    private func continued(_ line: String) -> ([Unicode.Scalar], Bool) {
        let scalars = Array(line.unicodeScalars)
        let end = scalars.count - scalars.reversed().prefix { $0 == " " || $0 == "\t" || $0 == "\r" }.count
        guard end > 0, scalars[end - 1] == escape, end == 1 || scalars[end - 2] != escape else {
            return (scalars.last == "\r" ? Array(scalars.dropLast()) : scalars, false)
        }
        return (Array(scalars[..<(end - 1)]), true)
    }

    private mutating func readHeredocs(_ logical: inout LogicalLine) throws(DockerfileError) {
        var words = logical.text.split(separator: " ", maxSplits: 2).map { $0.trimmingBlanks().uppercased() }
        if words.first == "ONBUILD" { words.removeFirst() }
        guard let keyword = words.first, Self.heredocKeywords.contains(keyword), logical.text.contains("<<") else {
            return
        }
        // A word that can't be taken apart is the instruction's fault and is told there.
        guard let parts = try? ShellLexer(escape: escape).rawWords(logical.text) else { return }
        for part in parts {
            guard var heredoc = Self.heredoc(part) else { continue }
            heredoc.content = try content(heredoc, logical)
            logical.heredocs.append(heredoc)
        }
        logical.lastLine = next
    }

    private mutating func content(_ heredoc: Heredoc, _ logical: LogicalLine) throws(DockerfileError) -> String {
        var content = ""
        while next < lines.count {
            var line = lines[next]
            next += 1
            if line.unicodeScalars.last == "\r" { line.unicodeScalars.removeLast() }
            if heredoc.dropsTabs { line = String(line.drop { $0 == "\t" }) }
            if line == heredoc.name { return content }
            content += line + "\n"
        }
        throw DockerfileError(
            "the here-document <<\(heredoc.name) has no line \"\(heredoc.name)\" to end it", file: file,
            line: logical.line, text: logical.source)
    }

    /// `[0-9]*<<-?WORD` with WORD plain or in quotes; nil for another word.
    static func heredoc(_ word: String) -> Heredoc? {
        let digits = word.prefix { $0.isASCII && $0.isNumber }
        var rest = word[digits.endIndex...]
        guard rest.hasPrefix("<<") else { return nil }
        rest = rest.dropFirst(2)
        let dropsTabs = rest.hasPrefix("-")
        if dropsTabs { rest = rest.dropFirst() }
        guard !rest.isEmpty, !rest.contains("<") else { return nil }
        let isQuoted = rest.contains("\"") || rest.contains("'")
        let name = String(rest.filter { $0 != "\"" && $0 != "'" })
        guard !name.isEmpty else { return nil }
        return Heredoc(
            name: name, content: "", expands: !isQuoted, dropsTabs: dropsTabs, descriptor: String(digits))
    }
}
