/// Brings docker's way of writing arguments into the one that the argument parser reads.
///
/// - `hako --root DIR run …`: options before the command go behind it.
/// - `run -it -v A:B IMAGE ls -l`: everything after IMAGE is the container's, so `--` is put in front of IMAGE.
/// - `-eA=b`, `-itv A:B`, `--memory-swap -1`: each option stands alone, with its value joined.
struct ArgumentOrder {
    /// The options with a value, by their short letters.
    private static let valuesByLetter: [Character: String] = [
        "e": "env", "v": "volume", "u": "user", "w": "workdir", "m": "memory", "l": "label", "h": "hostname",
        "c": "cpu-shares", "s": "signal", "f": "filter", "t": "time",
    ]
    /// The options with a value in front of any command.
    private static let globals: Set<String> = ["root", "state", "runtime"]
    /// The commands that have commands of their own.
    private static let groups: Set<String> = ["image", "container", "volume", "system"]
    /// The commands whose arguments end with a command line.
    private static let passing: Set<String> = ["run", "create", "spec"]
    /// The options with a value of those commands.
    static let containerValues: Set<String> = [
        "root", "state", "runtime", "name", "env", "env-file", "volume", "workdir", "user", "memory", "memory-swap",
        "memory-reservation", "cpus", "cpu-shares", "cpuset-cpus", "cpuset-mems", "pids-limit", "hostname", "network",
        "net", "entrypoint", "label", "cap-add", "cap-drop", "security-opt", "ulimit", "tmpfs", "pull", "platform",
        "stop-signal",
    ]
    /// Letters of flags that can stand together.
    private static let flagLetters: Set<Character> = ["i", "t"]

    /// The arguments in the parser's order.
    static func normalized(_ arguments: [String]) -> [String] {
        var front: [String] = []
        var rest = arguments[...]
        while let word = rest.first, let name = longName(word), globals.contains(name) {
            rest = rest.dropFirst()
            if word.contains("=") {
                front.append(word)
            } else if let value = rest.popFirst() {
                front.append("--\(name)=\(value)")
            } else {
                front.append(word)
            }
        }
        guard let command = rest.popFirst() else { return front }
        // The options are those of the command within the group.
        if groups.contains(command), let inner = rest.popFirst() { return [command, inner] + front + rest }
        guard passing.contains(command) else { return [command] + front + rest }
        return [command] + front + separated(rest)
    }

    private static func separated(_ arguments: ArraySlice<String>) -> [String] {
        var result: [String] = []
        var rest = arguments
        while let word = rest.popFirst() {
            if word == "--" { return result + ["--"] + rest }
            if let name = longName(word) {
                if containerValues.contains(name), !word.contains("="), let value = rest.popFirst() {
                    result += joined(name, value)
                } else if containerValues.contains(name), word.hasSuffix("="), word.utf8.count == name.utf8.count + 3 {
                    result += joined(name, "")
                } else {
                    result.append(word)
                }
            } else if word.hasPrefix("-"), word != "-" {
                result += letters(word.dropFirst(), &rest)
            } else {
                return result + ["--", word] + rest
            }
        }
        return result
    }

    /// The parser takes a value that is empty only as a word of its own, and one with a dash only joined.
    private static func joined(_ name: String, _ value: String) -> [String] {
        value.isEmpty ? ["--\(name)", ""] : ["--\(name)=\(value)"]
    }

    /// Takes `-itv A:B` apart.
    private static func letters(_ text: Substring, _ rest: inout ArraySlice<String>) -> [String] {
        var result: [String] = []
        var left = text
        while let letter = left.popFirst() {
            if flagLetters.contains(letter) {
                result.append("-\(letter)")
            } else if let name = valuesByLetter[letter], containerValues.contains(name) {
                if left.first == "=" { left.removeFirst() }
                if !left.isEmpty { return result + joined(name, String(left)) }
                guard let value = rest.popFirst() else { return result + ["-\(letter)"] }
                return result + joined(name, value)
            } else {
                return result + ["-\(letter)\(left)"]
            }
        }
        return result
    }

    /// `memory` of `--memory` and `--memory=1g`; nil of anything else.
    private static func longName(_ word: String) -> String? {
        guard word.hasPrefix("--"), word.utf8.count > 2 else { return nil }
        return String(word.dropFirst(2).prefix { $0 != "=" })
    }
}
