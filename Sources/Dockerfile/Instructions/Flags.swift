/// The `--name=value` words in front of an instruction's own.
struct Flags {
    private var all: [(name: String, value: String?)] = []
    private var taken: Set<String> = []
    private let keyword: String
    /// What follows the flags.
    let rest: String

    init(_ text: String, keyword: String) throws {
        self.keyword = keyword
        var rest = text[...]
        while rest.hasPrefix("--") {
            let word = rest.prefix { $0 != " " && $0 != "\t" }
            let body = word.dropFirst(2)
            rest = rest[word.endIndex...].drop { $0 == " " || $0 == "\t" }
            if body.isEmpty { break }
            let equals = body.firstIndex(of: "=")
            let value = equals.map { String(body[body.index(after: $0)...]) }
            all.append((String(body[..<(equals ?? body.endIndex)]), value))
        }
        self.rest = rest.trimmingBlanks()
    }

    /// The value of a flag that may stand once; nil where it does not.
    mutating func value(_ name: String) throws -> String? {
        let found = try values(name)
        if found.count > 1 { throw Fault("--\(name) stands here twice", word: "--\(name)") }
        return found.first
    }

    /// The values of a flag, in order.
    mutating func values(_ name: String) throws -> [String] {
        taken.insert(name)
        return try all.filter { $0.name == name }.map { flag in
            guard let value = flag.value else { throw Fault("--\(name) without a value", word: "--\(name)") }
            return value
        }
    }

    /// A flag that is on by itself, or `=true` or `=false`.
    mutating func switched(_ name: String) throws -> Bool? {
        taken.insert(name)
        guard let flag = all.last(where: { $0.name == name }) else { return nil }
        switch flag.value?.lowercased() {
        case nil, "", "true", "1": return true
        case "false", "0": return false
        case let text?: throw Fault("--\(name)=\(text): neither true nor false", word: "--\(name)")
        }
    }

    /// Throws where a flag stands that nobody has asked for.
    func finish() throws {
        guard let flag = all.first(where: { !taken.contains($0.name) }) else { return }
        let known = taken.sorted().map { "--\($0)" }
        guard !known.isEmpty else { throw Fault("\(keyword) takes no flags", word: "--\(flag.name)") }
        throw Fault(
            "\(keyword) has no flag --\(flag.name)\(Suggestion.text("--\(flag.name)", known))", word: "--\(flag.name)")
    }
}
