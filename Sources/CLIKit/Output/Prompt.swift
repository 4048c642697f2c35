internal import Glibc
internal import Linux
internal import ProcessIO
internal import Support

/// Questions to the person at the terminal.
enum Prompt {
    private static let longest = 64 << 10

    /// A line that may be seen.
    static func line(_ question: String) throws -> String {
        try needTerminal()
        Console.note(question)
        return try readLine()
    }

    /// A line that is not shown while it is typed.
    static func secret(_ question: String) throws -> String {
        try needTerminal()
        let hidden = try HiddenTerminal(0)
        defer { hidden.restore() }
        Console.note(question)
        let text = try readLine()
        Console.note("\n")
        return text
    }

    /// All of the standard input without the end of its last line.
    static func passwordOfInput() throws -> String {
        var bytes: [UInt8] = []
        var space = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try checkCount("read", "the standard input") { read(0, &space, space.count) }
            if count == 0 { break }
            bytes += space[..<count]
            if bytes.count > longest { throw RuntimeError(.invalidArgument, "the password is too long") }
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else {
            throw RuntimeError(.invalidArgument, "the standard input holds no password")
        }
        return text
    }

    private static func needTerminal() throws {
        guard isTerminal(0) else {
            throw RuntimeError(
                .invalidArgument, "the standard input is no terminal: use --username and --password-stdin")
        }
    }

    private static func readLine() throws -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while try checkCount("read", "the terminal", { read(0, &byte, 1) }) == 1, byte != UInt8(ascii: "\n") {
            if byte == HiddenTerminal.interrupt { throw RuntimeError(.cancelled, "interrupted") }
            bytes.append(byte)
            if bytes.count > longest { throw RuntimeError(.invalidArgument, "the line is too long") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RuntimeError(.invalidArgument, "the line is not in UTF-8")
        }
        return text
    }
}
