extension InstructionParser {
    /// `HEALTHCHECK NONE` or `HEALTHCHECK [flags] CMD …`.
    func healthcheck(_ flags: inout Flags) throws -> Healthcheck {
        var check = Healthcheck()
        check.interval = try duration(&flags, "interval")
        check.timeout = try duration(&flags, "timeout")
        check.startPeriod = try duration(&flags, "start-period")
        check.startInterval = try duration(&flags, "start-interval")
        if let text = try flags.value("retries") {
            guard let retries = Int(text), retries >= 0 else {
                throw Fault("--retries=\(text): no number from 0 up", word: "--retries")
            }
            check.retries = retries
        }
        let (word, rest) = Self.split(flags.rest)
        switch word.uppercased() {
        case "NONE":
            guard rest.isEmpty else { throw Fault("HEALTHCHECK NONE takes nothing more", word: rest) }
        case "CMD":
            check.command = form(rest)
            guard !rest.isEmpty, check.command != .exec([]) else { throw Fault("HEALTHCHECK CMD without a command") }
        default: throw Fault("HEALTHCHECK is followed by CMD or NONE, not by \"\(word)\"", word: word)
        }
        return check
    }

    private func duration(_ flags: inout Flags, _ name: String) throws -> Int64 {
        guard let text = try flags.value(name) else { return 0 }
        guard let nanoseconds = GoDuration.nanoseconds(text), nanoseconds == 0 || nanoseconds >= 1_000_000 else {
            throw Fault("--\(name)=\(text): no duration of 1ms or more, such as 30s or 1m30s", word: "--\(name)")
        }
        return nanoseconds
    }
}

/// Durations as Go writes them: `1h2m3.5s`, `300ms`.
public enum GoDuration {
    private static let units: [(String, Int64)] = [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ]

    /// The nanoseconds; nil for what is no duration, is negative, or is beyond 63 bits.
    public static func nanoseconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        var rest = text[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
            rest = rest[number.endIndex...]
            let name = rest.prefix { !(($0.isASCII && $0.isNumber) || $0 == ".") }
            rest = rest[name.endIndex...]
            guard let unit = units.first(where: { $0.0 == name })?.1, let value = scaled(number, unit) else {
                return nil
            }
            let (sum, overflow) = total.addingReportingOverflow(value)
            if overflow { return nil }
            total = sum
        }
        return total
    }

    private static func scaled(_ number: Substring, _ unit: Int64) -> Int64? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard !number.isEmpty, parts.count <= 2, number != ".", let whole = Int64(parts[0].isEmpty ? "0" : parts[0])
        else {
            return nil
        }
        let (high, overflow) = whole.multipliedReportingOverflow(by: unit)
        guard !overflow, parts.count == 2 else { return overflow ? nil : high }
        var low: Int64 = 0
        var scale = unit
        for digit in parts[1] {
            scale /= 10
            low += scale * Int64(digit.wholeNumberValue ?? 0)
        }
        return high.addingReportingOverflow(low).overflow ? nil : high + low
    }
}
