/// A message as one line that can be printed: what came into it from a container's configuration must neither forge a
/// second line nor speak to the terminal.
///
/// Control characters, line separators and marks that change the writing direction become `\n`, `\t` or `\u{…}`. Of a text
/// over `limit` bytes the middle is left out, as the reason of an error stands at its end.
public func oneLine(_ text: String, limit: Int = 4096) -> String {
    let bytes = text.utf8
    if bytes.count <= limit, bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
    let escaped = escapeUnprintable(shortened(text, to: limit))
    return escaped.utf8.count <= limit ? escaped : shortened(escaped, to: limit)
}

private func escapeUnprintable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case "\r": result += "\\r"
        case _ where scalar.isUnprintable: result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// The beginning and the end; a character that is cut through becomes a replacement character.
private func shortened(_ text: String, to limit: Int) -> String {
    let bytes = text.utf8
    if bytes.count <= limit { return text }
    let mark = " […] "
    let kept = max(0, limit - mark.utf8.count - 6)
    let head = String(decoding: bytes.prefix(kept / 2), as: UTF8.self)
    return head + mark + String(decoding: bytes.suffix(kept - kept / 2), as: UTF8.self)
}

extension Unicode.Scalar {
    fileprivate var isUnprintable: Bool {
        switch value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
