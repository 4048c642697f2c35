internal import Support

/// Amounts in the texts of options, as Go's libraries read them.
enum Quantity {
    /// Bytes: `512`, `64k`, `64KiB`, `1.5g`; 1024 bytes to the k whatever is written behind it. -1 is -1.
    static func bytes(_ text: String, option: String) throws(RuntimeError) -> Int64 {
        if text == "-1" { return -1 }
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        var unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        if unit.hasSuffix("ib") { unit.removeLast(2) } else if unit.hasSuffix("b") { unit.removeLast() }
        let exponent = unit.isEmpty ? 0 : ["k", "m", "g", "t", "p"].firstIndex(of: unit).map { $0 + 1 }
        guard let exponent, let number = Double(digits), digits.first != ".",
            let bytes = Int64(exactly: (number * Double(Int64(1) << (10 * exponent))).rounded(.down))
        else {
            throw RuntimeError(.invalidArgument, "invalid value for \(option): \"\(text)\" is no number of bytes")
        }
        return bytes
    }

    /// An integer.
    static func integer<T: FixedWidthInteger>(_ text: String, option: String) throws(RuntimeError) -> T {
        guard let number = T(text) else {
            throw RuntimeError(
                .invalidArgument, "invalid value for \(option): \"\(text)\" is no whole number in its range")
        }
        return number
    }

    /// A duration such as `5s`, `1m30s` or `0.5s`, in milliseconds, rounded up.
    static func milliseconds(_ text: String, option: String) throws(RuntimeError) -> Int {
        let units: [Substring: Double] = [
            "ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000,
        ]
        var total = 0.0
        var rest = text[...]
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let factor = units[unit] else {
                throw RuntimeError(
                    .invalidArgument, "option --\(option): \"\(text)\" is no duration such as 5s or 100ms")
            }
            total += number * factor
        } while !rest.isEmpty
        guard let milliseconds = Int(exactly: total.rounded(.up)), milliseconds < 1 << 40 else {
            throw RuntimeError(.invalidArgument, "option --\(option): \"\(text)\" is too long")
        }
        return milliseconds
    }
}
