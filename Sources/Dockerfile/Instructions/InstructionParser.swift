internal import JSON

/// Takes an instruction's line apart.
struct InstructionParser {
    let lexer: ShellLexer
    let file: String

    init(escape: Unicode.Scalar, file: String) {
        lexer = ShellLexer(escape: escape)
        self.file = file
    }

    /// What may stand at the start of a line.
    static let keywords = [
        "FROM", "RUN", "CMD", "LABEL", "MAINTAINER", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT", "VOLUME", "USER",
        "WORKDIR", "ARG", "ONBUILD", "STOPSIGNAL", "HEALTHCHECK", "SHELL",
    ]

    /// The first word in capitals.
    func keyword(of line: LogicalLine) -> String {
        Self.split(line.text).word.uppercased()
    }

    /// Parses any instruction but FROM.
    func parse(_ line: LogicalLine) throws -> Instruction {
        let (word, rest) = Self.split(line.text)
        let keyword = word.uppercased()
        return try attempt(line) {
            guard Self.keywords.contains(keyword) else {
                throw Fault("unknown instruction \"\(word)\"\(Suggestion.text(keyword, Self.keywords))", word: word)
            }
            var flags = try Flags(rest, keyword: keyword)
            let kind = try kind(keyword, &flags, line)
            try flags.finish()
            return Instruction(
                kind: kind, keyword: keyword, text: line.text, line: line.line, lastLine: line.lastLine,
                source: line.source)
        }
    }

    /// Gives a fault its place in the file.
    func attempt<T>(_ line: LogicalLine, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let fault as Fault {
            throw DockerfileError(
                fault.reason, file: file, line: line.line, text: line.source,
                range: Instruction.range(of: fault.word, in: line.source), code: fault.code)
        }
    }

    private func kind(_ keyword: String, _ flags: inout Flags, _ line: LogicalLine) throws -> Instruction.Kind {
        let rest = flags.rest
        if rest.isEmpty && keyword != "ENTRYPOINT" && keyword != "CMD" {
            throw Fault("\(keyword) with nothing behind it")
        }
        switch keyword {
        case "RUN": return .run(try run(&flags, line))
        case "CMD": return .command(form(rest))
        case "ENTRYPOINT": return .entrypoint(form(rest))
        case "ENV": return .environment(try pairs(rest, keyword, allowsOldForm: true))
        case "LABEL": return .labels(try pairs(rest, keyword, allowsOldForm: true))
        case "ARG": return .arguments(try arguments(rest))
        case "COPY", "ADD": return .copy(try copy(&flags, line, isAdd: keyword == "ADD"))
        case "HEALTHCHECK": return .healthcheck(try healthcheck(&flags))
        case "ONBUILD": return .onBuild(try onBuild(rest, line))
        default: return try simple(keyword, rest)
        }
    }

    private func simple(_ keyword: String, _ rest: String) throws -> Instruction.Kind {
        switch keyword {
        case "WORKDIR": return .workingFolder(rest)
        case "USER": return .user(try one(keyword, rest))
        case "STOPSIGNAL": return .stopSignal(try one(keyword, rest))
        case "MAINTAINER": return .maintainer(rest)
        case "EXPOSE": return .expose(Self.words(rest))
        case "VOLUME":
            let list = Self.json(rest) ?? Self.words(rest)
            guard !list.isEmpty, !list.contains("") else { throw Fault("VOLUME with an empty path") }
            return .volumes(list)
        case "SHELL":
            guard let words = Self.json(rest), !words.isEmpty else {
                throw Fault("SHELL takes a JSON list such as [\"/bin/bash\", \"-c\"]")
            }
            return .shell(words)
        default: throw Fault("\(keyword) can't stand here")
        }
    }

    private func one(_ keyword: String, _ rest: String) throws -> String {
        let words = Self.words(rest)
        guard words.count == 1 else { throw Fault("\(keyword) takes one word, not \(words.count)", word: words[1]) }
        return words[0]
    }

    /// `["a", "b"]` as words, anything else as a line for a shell.
    func form(_ rest: String) -> CommandForm {
        Self.json(rest).map { .exec($0) } ?? .shell(rest)
    }

    private func onBuild(_ rest: String, _ line: LogicalLine) throws -> String {
        let (word, _) = Self.split(rest)
        let keyword = word.uppercased()
        guard !["ONBUILD", "FROM", "MAINTAINER"].contains(keyword) else {
            throw Fault("ONBUILD \(keyword) is not allowed", word: word)
        }
        var inner = line
        inner.text = rest
        _ = try parse(inner)
        // Here-documents belong to the trigger.
        let documents = line.heredocs.map { "\n\($0.content)\($0.name)" }.joined()
        return rest + documents
    }

    /// A JSON list of strings; nil for anything else.
    static func json(_ text: String) -> [String]? {
        guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
        return try? JSONReader.document(Array(text.utf8)) { reader in try reader.list { reader in try reader.string() }
        }
    }

    /// The words between blanks.
    static func words(_ text: String) -> [String] {
        text.split { $0 == " " || $0 == "\t" }.map(String.init)
    }

    /// The first word, and what follows it.
    static func split(_ text: String) -> (word: String, rest: String) {
        let word = text.prefix { $0 != " " && $0 != "\t" }
        return (String(word), text[word.endIndex...].trimmingBlanks())
    }
}
