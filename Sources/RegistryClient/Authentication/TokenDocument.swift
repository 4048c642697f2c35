internal import JSON
internal import Support

/// What a token server answers (distribution's token specification, and OAuth 2).
struct TokenDocument {
    /// What requests carry.
    var token: String
    /// Seconds that it is good for.
    var lifetime: Double
    /// What new tokens can be had by in place of the password; only where that was asked for.
    var refreshToken: String?

    /// Seconds where the server names none.
    static let standardLifetime = 60.0

    /// Parses the answer; the error never shows it.
    init(_ body: [UInt8], _ server: String) throws {
        var token: String?
        var seconds: Int64?
        var refresh: String?
        try attempt("token server \(server)") {
            try JSONReader.document(body) { reader in
                try reader.object { key, value in
                    switch key {
                    case "token", "access_token":
                        let text = try value.optional { reader in try reader.string() } ?? ""
                        if !text.isEmpty { token = text }
                    case "expires_in": seconds = try value.optional { reader in try reader.integer(Int64.self) }
                    case "refresh_token": refresh = try value.optional { reader in try reader.string() }
                    default: try value.skip()
                    }
                }
            }
        }
        guard let token, Self.isToken(token) else {
            throw RuntimeError(.unavailable, "token server \(server): no token in its answer")
        }
        self.token = token
        lifetime = seconds.map { max(Double($0), 0) } ?? Self.standardLifetime
        refreshToken = refresh.flatMap { Self.isToken($0) ? $0 : nil }
    }

    /// One that can stand in a header.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
}
