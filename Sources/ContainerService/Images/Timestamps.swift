internal import Glibc

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
