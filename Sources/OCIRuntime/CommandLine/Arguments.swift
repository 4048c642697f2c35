internal import Support

/// An option of the command line, as data: the parser, the help and the error texts come from it.
struct Option: Sendable {
    let name: String
    var short: Character?
    /// What the value is called in the help; nil for a flag.
    var value: String?
    let help: String

    init(_ name: String, short: Character? = nil, value: String? = nil, _ help: String) {
        self.name = name
        self.short = short
        self.value = value
        self.help = help
    }
}

/// The options and positional words of one verb, parsed as runc's clients write them: `--opt v`, `--opt=v`, `-o v`.
struct Arguments {
    /// In the order of the words; so few that looking through them is cheaper than a dictionary's start.
    private var values: [(name: String, text: String)] = []
    private(set) var positionals: [String] = []

    /// Parses from `words` until the end, or until the first positional where `stopsAtPositional`: that one and all
    /// that follow are positional then, whatever they look like.
    ///
    /// - Returns through `rest` what was not looked at.
    init(
        _ words: ArraySlice<String>, options: [Option], stopsAtPositional: Bool = false, rest: inout ArraySlice<String>
    ) throws(RuntimeError) {
        rest = words
        while let word = rest.first {
            if word == "--" {
                rest.removeFirst()
                break
            }
            guard word.hasPrefix("-"), word != "-" else {
                if stopsAtPositional {
                    positionals = Array(rest)
                    return
                }
                positionals.append(word)
                rest.removeFirst()
                continue
            }
            rest.removeFirst()
            try take(word, options: options, rest: &rest)
        }
        positionals += rest
        rest = []
    }

    private mutating func take(
        _ word: String, options: [Option], rest: inout ArraySlice<String>
    ) throws(RuntimeError) {
        let bare = word.drop { $0 == "-" }
        let parts = bare.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map(String.init) ?? ""
        guard
            let option = options.first(where: { $0.name == name || (name.count == 1 && $0.short == name.first) })
        else { throw RuntimeError(.invalidArgument, "unknown option \(word) (see --help)") }
        if option.value == nil {
            guard parts.count == 1 || parts[1] == "true" || parts[1] == "false" else {
                throw RuntimeError(.invalidArgument, "option --\(option.name) takes no value")
            }
            values.append((option.name, parts.count == 1 ? "true" : String(parts[1])))
        } else if parts.count == 2 {
            values.append((option.name, String(parts[1])))
        } else if let value = rest.popFirst() {
            values.append((option.name, value))
        } else {
            throw RuntimeError(.invalidArgument, "option --\(option.name) needs a value")
        }
    }

    /// An option's value; the last where it was given several times.
    subscript(_ name: String) -> String? { values.last { $0.name == name }?.text }

    /// Every value of an option that may be given several times, in their order.
    func all(_ name: String) -> [String] { values.filter { $0.name == name }.map(\.text) }

    /// True where a flag was given.
    func has(_ name: String) -> Bool { self[name] == "true" }

    /// An option's value as a number.
    func number(_ name: String, _ range: ClosedRange<Int>) throws(RuntimeError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw RuntimeError(
                .invalidArgument,
                "option --\(name): \"\(text)\" is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The one positional word that a verb wants.
    func only(_ what: String) throws(RuntimeError) -> String {
        guard positionals.count == 1, let word = positionals.first else {
            throw RuntimeError(
                .invalidArgument,
                positionals.isEmpty
                    ? "\(what) is missing (see --help)" : "expected one \(what), found \(positionals.count)")
        }
        return word
    }
}
