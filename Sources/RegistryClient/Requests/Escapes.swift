/// Resolves %XX escapes; a malformed one stays as it is.
func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2,
            let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
        {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Text as part of a query (RFC 3986, unreserved characters, `:` and `/` stay).
func escaped(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
        let isAlphanumeric = (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
        if isAlphanumeric || "-._~:/".utf8.contains(byte) {
            out.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            let hex = String(byte, radix: 16, uppercase: true)
            out += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
        }
    }
    return out
}
