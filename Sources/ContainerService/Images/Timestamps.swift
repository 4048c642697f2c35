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
