/// Which known word somebody may have meant.
enum Suggestion {
    /// The nearest of `known` where it is near enough: a third of its letters apart at most, two swapped ones counting as one.
    static func nearest(_ word: String, _ known: [String]) -> String? {
        let wanted = Array(word.lowercased())
        guard wanted.count <= 40 else { return nil }
        let ranked = known.map { ($0, distance(wanted, Array($0.lowercased()))) }
        guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= max(1, best.0.count / 3) else { return nil }
        return best.0
    }

    /// `: did you mean X?`, or the list of what there is.
    static func text(_ word: String, _ known: [String]) -> String {
        nearest(word, known).map { ": did you mean \($0)?" } ?? " (known are \(known.joined(separator: ", ")))"
    }

    /// Damerau's and Levenshtein's: insertions, deletions, replacements and swaps of neighbours.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var rows = [Array(0...right.count)]
        for i in 0..<left.count {
            var row = [i + 1]
            for j in 0..<right.count {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (left[i] == right[j] ? 0 : 1))
                if i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j] {
                    best = min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
