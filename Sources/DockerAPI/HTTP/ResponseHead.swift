internal import Glibc
internal import JSON
internal import Support

/// The head of an answer, with the fields that every answer of the Engine API has.
enum ResponseHead {
    static func text(_ status: Int, _ fields: [(String, String)]) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(reason(status))\r\n"
        let common = [
            ("Api-Version", APIVersion.newest.description), ("Docker-Experimental", "false"), ("Ostype", "linux"),
            ("Server", "hako/\(hakoVersion) (linux)"), ("Date", date()),
        ]
        for (name, value) in common + fields { text += "\(name): \(clean(value))\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// A whole failure, after which the connection closes.
    static func whole(_ status: Int, _ message: String) -> [UInt8] {
        let body = JSONWriter.text { $0.object { $0.member("message", message) } }
        return text(
            status,
            [("Content-Type", "application/json"), ("Content-Length", "\(body.count)"), ("Connection", "close")]) + body
    }

    /// A value that can't end its line.
    private static func clean(_ value: String) -> String {
        value.utf8.contains { $0 < 0x20 || $0 == 0x7f }
            ? String(value.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.map(Character.init)) : value
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Request Entity Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Status"
        }
    }

    /// RFC 9110's form of the present instant.
    private static func date() -> String {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}
