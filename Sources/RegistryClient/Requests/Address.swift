internal import OCISpec

/// An absolute http or https URL, as far as registries need it.
struct Address: Sendable, Hashable, CustomStringConvertible {
    let isSecure: Bool
    /// Host with brackets where it is an IPv6 address, and the port where the URL names one.
    let authority: String
    /// Path and query, beginning with a slash.
    let target: String

    init(isSecure: Bool, authority: String, target: String) {
        self.isSecure = isSecure
        self.authority = authority
        self.target = target
    }

    /// Parses an absolute URL, or one relative to `base`; nil for anything else than http(s) without user info.
    init?(_ text: String, relativeTo base: Address? = nil) {
        guard text.utf8.count <= 16384, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        var rest = text[...]
        var isSecure = base?.isSecure ?? true
        if let mark = text.range(of: "://"), text[..<mark.lowerBound].allSatisfy(\.isLetter) {
            switch text[..<mark.lowerBound].lowercased() {
            case "https": isSecure = true
            case "http": isSecure = false
            default: return nil
            }
            rest = text[mark.upperBound...]
        } else if text.hasPrefix("//"), base != nil {
            rest = text.dropFirst(2)
        } else if text.hasPrefix("/"), let base {
            self.init(isSecure: base.isSecure, authority: base.authority, target: text)
            return
        } else {
            return nil
        }
        rest = rest.prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest[authority.endIndex...]
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        self.init(
            isSecure: isSecure, authority: String(authority),
            target: target.hasPrefix("/") ? String(target) : "/\(target)")
    }

    var host: String { splitPort(authority).host }
    var port: Int { splitPort(authority).port ?? (isSecure ? 443 : 80) }
    var description: String { "\(isSecure ? "https" : "http")://\(authority)\(target)" }

    /// Same scheme, host and port: credentials for one are credentials for the other.
    func hasOrigin(of other: Address) -> Bool {
        isSecure == other.isSecure && host.lowercased() == other.host.lowercased() && port == other.port
    }
}

extension String {
    /// Where `part` stands first.
    func range(of part: String) -> Range<String.Index>? {
        self[...].range(of: part)
    }
}

extension Substring {
    /// Where `part` stands first.
    func range(of part: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}
