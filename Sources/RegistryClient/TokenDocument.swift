internal import JSON
internal import Support

/// The token in a token server's answer; the error never shows the answer.
func parseToken(_ body: [UInt8], _ server: String) throws -> String {
    var token: String?
    try attempt("token server \(server)") {
        try JSONReader.document(body) { reader in
            try reader.object { key, value in
                switch key {
                case "token", "access_token": token = try value.optional { reader in try reader.string() } ?? token
                default: try value.skip()
                }
            }
        }
    }
    guard let token, !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
        throw RuntimeError(.unavailable, "token server \(server): no token in its answer")
    }
    return token
}

/// Text as part of a query (RFC 3986, unreserved characters stay).
func escaped(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
        let isPlain =
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
            || [
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"),
                UInt8(ascii: "/"),
            ]
            .contains(byte)
        if isPlain {
            out.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            let hex = String(byte, radix: 16, uppercase: true)
            out += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
        }
    }
    return out
}
