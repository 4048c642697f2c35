internal import Glibc
internal import NIOHTTP1

/// What Docker Hub and others tell of their limits: `ratelimit-limit: 100;w=21600`, `ratelimit-remaining: 0;w=21600`.
struct RateLimit: CustomStringConvertible {
    private let limit: Int
    private let remaining: Int?
    private let window: Int?

    /// Nil where the headers name no limit.
    init?(_ headers: HTTPHeaders) {
        guard let limit = headers.first(name: "RateLimit-Limit"), let count = Self.count(limit) else { return nil }
        self.limit = count
        remaining = headers.first(name: "RateLimit-Remaining").flatMap(Self.count)
        window =
            limit.split(separator: ";").compactMap { part in
                part.hasPrefix("w=") ? Int(part.dropFirst(2)) : nil
            }.first
    }

    private static func count(_ text: String) -> Int? { Int(text.prefix { $0 != ";" && $0 != "," }) }

    /// `100 in 6 h, of which 0 are left`.
    var description: String {
        let span = window.map { seconds in
            seconds % 3600 == 0
                ? " in \(seconds / 3600) h" : seconds % 60 == 0 ? " in \(seconds / 60) min" : " in \(seconds) s"
        }
        return "\(limit)\(span ?? "")\(remaining.map { ", of which \($0) are left" } ?? "")"
    }
}

/// Dates in HTTP's fixed form (RFC 9110 section 5.6.7).
enum HTTPDate {
    /// Seconds of the Unix epoch of `Wed, 21 Oct 2015 07:28:00 GMT`; nil for anything else.
    static func seconds(_ text: String) -> Int? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(whereSeparator: { " :,".contains($0) }).map(String.init)
        guard parts.count == 8, parts[7] == "GMT", let month = months.firstIndex(of: parts[2]) else { return nil }
        let numbers = [parts[1], parts[3], parts[4], parts[5], parts[6]].compactMap { Int32($0) }
        guard numbers.count == 5, (1...31).contains(numbers[0]), (1970...9999).contains(numbers[1]),
            (0...23).contains(numbers[2]), (0...59).contains(numbers[3]), (0...60).contains(numbers[4])
        else { return nil }
        var time = tm()
        time.tm_mday = numbers[0]
        time.tm_mon = Int32(month)
        time.tm_year = numbers[1] - 1900
        time.tm_hour = numbers[2]
        time.tm_min = numbers[3]
        time.tm_sec = numbers[4]
        return timegm(&time)
    }

    static var now: Int { time(nil) }
}
