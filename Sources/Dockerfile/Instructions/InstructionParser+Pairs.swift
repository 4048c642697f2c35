extension InstructionParser {
    /// `NAME=VALUE NAME="VALUE"`, or the old `NAME the rest`.
    func pairs(_ rest: String, _ keyword: String, allowsOldForm: Bool) throws -> [Pair] {
        let words = try lexer.rawWords(rest)
        guard let first = words.first else { throw Fault("\(keyword) with nothing behind it") }
        if allowsOldForm, !first.contains("=") {
            let (name, value) = Self.split(rest)
            guard !value.isEmpty else { throw Fault("\(keyword) \(name) without a value", word: name) }
            return [Pair(name: name, value: value)]
        }
        return try words.map { word in
            guard let equals = word.firstIndex(of: "=") else {
                throw Fault("\"\(word)\" is not NAME=VALUE", word: word)
            }
            let name = String(word[..<equals])
            guard !name.isEmpty else { throw Fault("\"\(word)\" has no name", word: word) }
            return Pair(name: name, value: String(word[word.index(after: equals)...]))
        }
    }

    /// `NAME[=VALUE] …`.
    func arguments(_ rest: String) throws -> [Argument] {
        try lexer.rawWords(rest).map { word in
            guard let equals = word.firstIndex(of: "=") else { return Argument(name: try checked(word), value: nil) }
            return Argument(
                name: try checked(String(word[..<equals])), value: String(word[word.index(after: equals)...]))
        }
    }

    private func checked(_ name: String) throws -> String {
        if name.isEmpty { throw Fault("ARG without a name") }
        return name
    }
}
