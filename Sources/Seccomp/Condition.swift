internal import Support

/// A rule's action and what must hold for it: all of the comparisons.
struct Condition: Sendable {
    /// The seven comparisons of the specification; GT, GE and EQ negated give the others.
    enum Operator: Sendable {
        case notEqual, less, lessOrEqual, equal, greaterOrEqual, greater, maskedEqual

        init(_ name: String, field: @autoclosure () -> String) throws {
            switch name {
            case "SCMP_CMP_NE": self = .notEqual
            case "SCMP_CMP_LT": self = .less
            case "SCMP_CMP_LE": self = .lessOrEqual
            case "SCMP_CMP_EQ": self = .equal
            case "SCMP_CMP_GE": self = .greaterOrEqual
            case "SCMP_CMP_GT": self = .greater
            case "SCMP_CMP_MASKED_EQ": self = .maskedEqual
            default: throw RuntimeError(.invalidArgument, "\(field()): unknown comparison \(name)")
            }
        }
    }

    struct Comparison: Sendable {
        let index: UInt32
        let op: Operator
        let value: UInt64
        let valueTwo: UInt64

        /// The offset of the argument's low half in struct seccomp_data (little-endian); the high half is 4 on.
        var lowWord: UInt32 { 16 + 8 * index }
        var highWord: UInt32 { 20 + 8 * index }
    }

    let action: Seccomp.Action
    let comparisons: [Comparison]

    /// The word that the accumulator holds wherever this condition fails, if it is always the same.
    func wordAtFailure(wide: Bool) -> UInt32? {
        guard !wide, comparisons.count == 1, comparisons[0].op != .maskedEqual else { return nil }
        return comparisons[0].lowWord
    }
}
