internal import ContainerService
internal import Support

/// The values of `--filter key=value`, which may be given several times.
struct Filters {
    private let values: [(key: String, value: String)]

    /// Parses the options; a key that is not `known` is an error that names those that are.
    init(_ texts: [String], known: [String]) throws {
        values = try texts.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else {
                throw RuntimeError(.invalidArgument, "--filter \"\(text)\": expected name=value")
            }
            let isKnown = known.contains(parts[0]) || (parts[0].hasSuffix("!") && known.contains("label!"))
            guard isKnown else {
                throw RuntimeError(
                    .invalidArgument, "invalid filter '\(parts[0])': known are \(known.joined(separator: ", "))")
            }
            return (parts[0], parts[1])
        }
    }

    /// All values of a key.
    func all(_ key: String) -> [String] { values.filter { $0.key == key }.map(\.value) }

    /// A value that is true or false; nil where the key was not given.
    func flag(_ key: String) throws -> Bool? {
        try all(key).last.map { text in
            switch text.lowercased() {
            case "true", "1", "t": return true
            case "false", "0", "f": return false
            default: throw RuntimeError(.invalidArgument, "invalid filter '\(key)=\(text)': expected true or false")
            }
        }
    }

    /// What `until` and `label` say of a prune.
    func pruning() throws -> PruneFilter {
        var filter = PruneFilter()
        filter.until = try all("until").map(Timestamps.instant).min()
        filter.labels = all("label").filter { !$0.hasPrefix("!") }
        filter.withoutLabels = all("label!")
        return filter
    }
}

/// A pattern of Go's path.Match: `*` and `?` stop at a slash, `[a-z]` is a set.
struct PathPattern {
    private let pattern: [Character]

    init(_ text: String) { pattern = Array(text) }

    func matches(_ text: String) -> Bool { match(0, Array(text), 0) }

    private func match(_ place: Int, _ text: [Character], _ start: Int) -> Bool {
        var (place, position) = (place, start)
        while place < pattern.count {
            switch pattern[place] {
            case "*":
                var end = position
                while true {
                    if match(place + 1, text, end) { return true }
                    guard end < text.count, text[end] != "/" else { return false }
                    end += 1
                }
            case "?":
                guard position < text.count, text[position] != "/" else { return false }
            case "[":
                guard let close = pattern[place...].firstIndex(of: "]"), position < text.count else { return false }
                guard Self.set(pattern[(place + 1)..<close], has: text[position]) else { return false }
                place = close
            default:
                guard position < text.count, text[position] == pattern[place] else { return false }
            }
            place += 1
            position += 1
        }
        return position == text.count
    }

    private static func set(_ set: ArraySlice<Character>, has character: Character) -> Bool {
        let isNegated = set.first == "^"
        let members = Array(isNegated ? set.dropFirst() : set)
        var (index, found) = (0, false)
        while index < members.count {
            if index + 2 < members.count, members[index + 1] == "-" {
                found = found || (members[index]...max(members[index], members[index + 2])).contains(character)
                index += 3
            } else {
                found = found || members[index] == character
                index += 1
            }
        }
        return found != isNegated
    }
}
