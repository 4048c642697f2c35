internal import Glibc
internal import Support

/// Instants as images write them.
public enum Timestamps {
    /// Seconds of the Unix epoch of an RFC 3339 text such as `2026-01-31T12:00:00.5Z`; nil where it is none.
    public static func seconds(_ text: String) -> Int64? {
        let numbers = text.split { !$0.isASCII || !$0.isNumber }.prefix(6).compactMap { Int32($0) }
        guard numbers.count == 6, text.utf8.count >= 20, (1...12).contains(numbers[1]) else { return nil }
        var parts = tm()
        parts.tm_year = numbers[0] - 1900
        parts.tm_mon = numbers[1] - 1
        (parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[2], numbers[3], numbers[4], numbers[5])
        return Int64(timegm(&parts)) - offset(text)
    }

    /// Seconds that the text's zone is before UTC: `+02:00` is 7200, `Z` 0.
    private static func offset(_ text: String) -> Int64 {
        let zone = text.suffix(6)
        guard let sign = zone.first, sign == "+" || sign == "-" else { return 0 }
        let numbers = zone.dropFirst().split(separator: ":").compactMap { Int64($0) }
        guard numbers.count == 2 else { return 0 }
        return (sign == "+" ? 1 : -1) * (numbers[0] * 3600 + numbers[1] * 60)
    }
}

extension Timestamps {
    /// Seconds of the Unix epoch as `2026-01-31T12:00:00Z`.
    public static func text(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        return "\(date)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}

extension Timestamps {
    /// An instant: `24h`, `1h30m` ago, seconds of the Unix epoch, or a date with or without a time.
    public static func instant(_ text: String) throws -> Int64 {
        if let seconds = Int64(text) { return seconds }
        if let span = duration(text) { return ContainerService.now() - span }
        for form in [text, "\(text)Z", "\(text):00Z", "\(text)T00:00:00Z"] {
            if let seconds = seconds(form) { return seconds }
        }
        throw RuntimeError(
            .invalidArgument, "\"\(text)\": not an instant, such as 24h, 2026-01-31 or 2026-01-31T12:00:00Z")
    }

    private static func duration(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        var (sum, digits) = (Int64(0), "")
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let unit = units[character], let number = Int64(digits) else { return nil }
            let (product, over) = number.multipliedReportingOverflow(by: unit)
            if over { return nil }
            sum += product
            digits = ""
        }
        return digits.isEmpty && !text.isEmpty ? sum : nil
    }
}
