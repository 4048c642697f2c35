internal import Support

/// The error of an archive that is refused.
func refused(_ name: [UInt8], _ why: String) -> RuntimeError {
    RuntimeError(.invalidArgument, "entry \(shownName(name)): \(why)")
}

/// A limit that was passed.
func exceeded(_ name: [UInt8], _ why: String) -> RuntimeError {
    RuntimeError(.resourceExhausted, "entry \(shownName(name)): \(why)")
}

/// A name of any bytes for a message: printable ASCII and well-formed UTF-8 as they are, other bytes as `\xff`,
/// the middle of a long name left out.
func shownName(_ name: [UInt8]) -> String {
    if name.isEmpty { return "\"\"" }
    if name.count > 240 {
        return escaped(name.prefix(120)) + "…" + escaped(name.suffix(100))
    }
    return escaped(name[...])
}

private func escaped(_ bytes: ArraySlice<UInt8>) -> String {
    let hasControls = bytes.contains { $0 < 0x20 || $0 == 0x7f || $0 == 0x5c }
    if !hasControls, let text = String(validating: bytes, as: UTF8.self) { return text }
    var text = ""
    for byte in bytes {
        if byte >= 0x20 && byte < 0x7f && byte != 0x5c {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            let hex = String(byte, radix: 16)
            text += byte < 16 ? "\\x0\(hex)" : "\\x\(hex)"
        }
    }
    return text
}
