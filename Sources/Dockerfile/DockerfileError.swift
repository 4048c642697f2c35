public import Support

/// A fault in a Dockerfile: where it is, what is wrong, and the line with a mark under the words in question.
///
/// ```
/// Dockerfile:3: unknown instruction "RNU": did you mean RUN?
///    3 | RNU apt-get update
///      | ^^^
/// ```
public struct DockerfileError: CodedError, Sendable, CustomStringConvertible {
    /// The file's name, as people know it.
    public var file: String
    /// The line, from 1; 0 where the fault is of the file as a whole.
    public let line: Int
    /// What is wrong: lower case, no full stop.
    public let reason: String
    /// The line as it stands in the file.
    public let text: String
    /// Which characters of ``text`` are meant; empty where it is the whole line.
    public let range: Range<Int>
    /// What kind of failure it is.
    public let runtimeCode: RuntimeError.Code

    init(
        _ reason: String, file: String = "Dockerfile", line: Int, text: String = "", range: Range<Int> = 0..<0,
        code: RuntimeError.Code = .invalidArgument
    ) {
        (self.file, self.line, self.reason, self.text, self.range) = (file, line, reason, text, range)
        runtimeCode = code
    }

    /// The place and the reason on one line.
    public var summary: String { line > 0 ? "\(file):\(line): \(reason)" : "\(file): \(reason)" }

    /// All of it, on three lines.
    public var description: String {
        text.isEmpty ? summary : "\(summary)\n\(Self.excerpt(line: line, text: text, range: range))"
    }

    /// A line with its number, and a mark under a range of its characters.
    public static func excerpt(line: Int, text: String, range: Range<Int> = 0..<0) -> String {
        let number = String(line)
        let gutter = String(repeating: " ", count: max(0, 4 - number.count)) + number
        // Tabs as blanks, so that the mark stands where it should.
        let shown = String(text.map { $0 == "\t" ? " " : $0 }.prefix(200))
        guard !range.isEmpty, range.lowerBound < shown.count else { return "\(gutter) | \(shown)" }
        let count = min(range.upperBound, shown.count) - range.lowerBound
        let mark = String(repeating: " ", count: range.lowerBound) + String(repeating: "^", count: max(1, count))
        return "\(gutter) | \(shown)\n\(String(repeating: " ", count: gutter.count)) | \(mark)"
    }
}

/// The reason of a fault whose place the caller knows.
struct Fault: Error {
    let reason: String
    /// A word of the line that is meant.
    var word: String?
    var code = RuntimeError.Code.invalidArgument

    init(_ reason: String, word: String? = nil, code: RuntimeError.Code = .invalidArgument) {
        (self.reason, self.word, self.code) = (reason, word, code)
    }
}

extension Dockerfile {
    /// The reason of an error of this module's texts; nil for another error.
    public static func reason(of error: any Error) -> String? { (error as? Fault)?.reason }

    /// The word that such an error is about.
    public static func word(of error: any Error) -> String? { (error as? Fault)?.word }
}
