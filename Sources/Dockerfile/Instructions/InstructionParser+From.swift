extension InstructionParser {
    /// The words of a FROM line.
    struct From {
        let base: String
        let name: String?
        let platform: String?
        let instruction: Instruction
    }

    /// `FROM [--platform=P] IMAGE [AS NAME]`.
    func parseFrom(_ line: LogicalLine) throws -> From {
        try attempt(line) {
            var flags = try Flags(Self.split(line.text).rest, keyword: "FROM")
            let platform = try flags.value("platform")
            try flags.finish()
            let words = Self.words(flags.rest)
            guard words.count == 1 || (words.count == 3 && words[1].uppercased() == "AS") else {
                throw Fault("FROM takes IMAGE, or IMAGE AS NAME", word: words.count > 1 ? words[1] : nil)
            }
            let name = words.count == 3 ? words[2] : nil
            if let name { try check(name) }
            let instruction = Instruction(
                kind: .arguments([]), keyword: "FROM", text: line.text, line: line.line, lastLine: line.lastLine,
                source: line.source)
            return From(base: words[0], name: name, platform: platform, instruction: instruction)
        }
    }

    private func check(_ name: String) throws {
        let lower = name.lowercased().unicodeScalars
        let isWord = lower.allSatisfy {
            ("a"..."z").contains($0) || ("0"..."9").contains($0) || "-_.".unicodeScalars.contains($0)
        }
        guard isWord, let first = lower.first, ("a"..."z").contains(first) else {
            throw Fault("the stage name \"\(name)\" is not of a-z 0-9 - _ . with a letter first", word: name)
        }
        if name.lowercased() == "scratch" { throw Fault("a stage can't be called scratch", word: name) }
    }
}
