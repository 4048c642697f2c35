internal import ContainerService

/// Instants as lists show them.
enum Moments {
    /// `3 weeks ago`.
    static func ago(_ seconds: Int64?) -> String {
        seconds.map { "\(Quantities.span(Quantities.now() - $0)) ago" } ?? "N/A"
    }

    /// `2026-01-31 12:00:00 +0000 UTC`.
    static func date(_ seconds: Int64?) -> String {
        guard let seconds else { return "N/A" }
        let text = Timestamps.text(seconds)
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) +0000 UTC"
    }
}

/// Text of an image or container as a terminal may show it: without control characters.
func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }))
}
