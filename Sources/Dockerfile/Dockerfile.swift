internal import Support

/// A parsed Dockerfile: what stands before the first FROM, and the stages.
public struct Dockerfile: Sendable {
    /// The name in errors.
    public let file: String
    /// The directives at its top.
    public let directives: Directives
    /// ARGs before the first FROM, in order.
    public let arguments: [(argument: Argument, instruction: Instruction)]
    /// The stages, in order; at least one.
    public let stages: [Stage]

    /// What is read at most, in bytes.
    public static let fileBytes = 4 << 20
    /// Instructions at most.
    public static let instructions = 10_000

    /// A lexer for the texts of this file.
    public var lexer: ShellLexer { ShellLexer(escape: directives.escape) }

    /// Parses a file.
    ///
    /// - Parameter file: what the file is called in errors.
    /// - Throws: ``DockerfileError`` that names the line.
    public init(_ bytes: [UInt8], file: String = "Dockerfile") throws {
        guard bytes.count <= Self.fileBytes else {
            throw DockerfileError(
                "\(bytes.count) bytes, at most \(Self.fileBytes) are read", file: file, line: 0,
                code: .resourceExhausted)
        }
        if let place = bytes.firstIndex(of: 0) {
            let line = bytes[..<place].count { $0 == 0x0a } + 1
            throw DockerfileError("a NUL character: this is no text", file: file, line: line)
        }
        var text = String(decoding: bytes, as: UTF8.self)
        if text.unicodeScalars.first == "\u{feff}" { text.unicodeScalars.removeFirst() }
        let lines = text.utf8.split(separator: 0x0a, omittingEmptySubsequences: false).map { String(Substring($0)) }
        var parser = DockerfileParser(try Directives.parse(lines, file: file), lines, file: file)
        try parser.run()
        self.file = file
        directives = parser.directives
        arguments = parser.arguments
        stages = parser.stages
    }

    /// Parses one instruction by itself: an ONBUILD trigger, or a change for `commit`.
    public static func instruction(_ text: String, file: String) throws -> Instruction {
        let lines = text.utf8.split(separator: 0x0a, omittingEmptySubsequences: false).map { String(Substring($0)) }
        var reader = LineReader(lines, escape: "\\", file: file)
        guard let line = try reader.read() else { throw DockerfileError("no instruction", file: file, line: 1) }
        return try InstructionParser(escape: "\\", file: file).parse(line)
    }
}

/// A stage: FROM and what follows.
public struct Stage: Sendable {
    /// Its place in the file, from 0.
    public let index: Int
    /// The name behind AS, in small letters.
    public let name: String?
    /// The image, an earlier stage's name, or `scratch`; expanded with the ARGs before the first FROM.
    public let base: String
    /// `--platform`; expanded.
    public let platform: String?
    /// The FROM line.
    public let from: Instruction
    /// What follows, in order.
    public internal(set) var instructions: [Instruction] = []
}
