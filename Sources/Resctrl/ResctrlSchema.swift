/// A line of a schemata file, such as `L3:0=7f0;1=1f` or `MB:0= 20;1= 70`, for comparison.
///
/// The kernel writes lines with blanks and leading zeros of its own, and with every cache of the machine.
struct ResctrlSchema: Equatable {
    private let resource: String
    /// The value for each cache: masks are hexadecimal, the rest is decimal.
    private let values: [UInt64: UInt64]

    /// Nil for what is no such line.
    init?(_ line: Substring) {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        resource = Self.trimmed(parts[0])
        let radix = resource.hasPrefix("L") ? 16 : 10
        var values: [UInt64: UInt64] = [:]
        for pair in parts[1].split(separator: ";") {
            let sides = pair.split(separator: "=", omittingEmptySubsequences: false).map(Self.trimmed)
            guard sides.count == 2, let cache = UInt64(sides[0]), let value = UInt64(sides[1], radix: radix) else {
                return nil
            }
            values[cache] = value
        }
        if resource.isEmpty || values.isEmpty { return nil }
        self.values = values
    }

    /// Whether another line says of each cache what this one says.
    func isPart(of other: ResctrlSchema) -> Bool {
        resource == other.resource && values.allSatisfy { other.values[$0.key] == $0.value }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
