internal import Glibc

/// An instant as logs and records show it.
struct Timestamp: Equatable {
    /// Seconds since 1970-01-01.
    var seconds: Int
    /// 0 to 999,999,999.
    var nanoseconds: Int

    init(seconds: Int, nanoseconds: Int) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The present.
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// RFC 3339 in UTC with as many digits of the second's fraction as it needs, as Go's RFC3339Nano prints it; all nine
    /// where `fixed` is true.
    func text(fixed: Bool = false) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date =
            "\(Self.padded(parts.tm_year + 1900, 4))-\(Self.padded(parts.tm_mon + 1, 2))-\(Self.padded(parts.tm_mday, 2))"
        let time = "\(Self.padded(parts.tm_hour, 2)):\(Self.padded(parts.tm_min, 2)):\(Self.padded(parts.tm_sec, 2))"
        return "\(date)T\(time)\(fraction(fixed))Z"
    }

    private func fraction(_ fixed: Bool) -> String {
        if nanoseconds == 0 && !fixed { return "" }
        var digits = Self.padded(Int32(nanoseconds), 9)
        while !fixed, digits.last == "0" { digits.removeLast() }
        return ".\(digits)"
    }

    private static func padded(_ value: Int32, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
