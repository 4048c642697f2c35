internal import AsyncHTTPClient
internal import JSON
internal import NIOHTTP1
internal import Support

/// An answer that is no success, and what it means to a person.
struct RegistryAnswer {
    /// What was asked for, to be named in the error.
    struct Subject {
        /// What a login would be for.
        var loginName: String
        /// The repository, and the tag or digest where one was asked for.
        var content: String?
        /// `pull`, `push`, `delete` ….
        var action = "pull"
        /// Whether we said who we are.
        var isLoggedIn = false
        /// Whether it was asked by plain HTTP.
        var isPlain = false
    }

    let status: UInt
    let headers: HTTPHeaders
    /// The beginning of the body.
    let body: [UInt8]
    /// The host that answered.
    let registry: String

    init(status: UInt, headers: HTTPHeaders, body: [UInt8], registry: String) {
        self.status = status
        self.headers = headers
        self.body = body
        self.registry = registry
    }

    init(_ response: HTTPClientResponse, _ body: [UInt8], _ registry: String) {
        self.init(status: response.status.code, headers: response.headers, body: body, registry: registry)
    }

    /// The error that the answer is; a ``RegistryFailure`` where another try may mend it.
    func failure(_ subject: Subject) -> any Error {
        let said = ErrorDocument(body).message
        let shown = subject.content.map { "registry \(registry): \($0)" } ?? "registry \(registry)"
        func text(_ fallback: String) -> String { "\(shown): \(said ?? fallback) (\(status))" }
        switch status {
        case 404: return RuntimeError(.notFound, text("not found"))
        case 401:
            return RuntimeError(.permissionDenied, "\(text("authentication required"))\(Self.advice(subject))")
        case 403:
            return RuntimeError(.permissionDenied, "\(text("forbidden"))\(Self.advice(subject))")
        case 429: return tooManyRequests(text("too many requests"), subject)
        case 400 where said == nil && subject.isPlain && !headers.contains(name: "Docker-Distribution-Api-Version"):
            // What servers say to plain HTTP on a port for TLS; the body is not there after a HEAD.
            return RuntimeError(
                .unavailable,
                "\(shown): it seems to speak HTTPS only (400); put its authority's certificate into "
                    + "certs.d/\(registry)/ca.crt")
        case 405, 501: return RuntimeError(.unsupported, text("the registry doesn't allow to \(subject.action) this"))
        case 413: return RuntimeError(.resourceExhausted, text("too large for the registry"))
        case 408, 425, 500, 502, 503, 504:
            return RegistryFailure(.unavailable, text("the registry is in trouble"), retryAfter: retryAfter)
        case 400..<500: return RuntimeError(.invalidArgument, text("the registry refused it"))
        default: return RuntimeError(.unavailable, text("an unexpected answer"))
        }
    }

    /// What to do about a refusal.
    private static func advice(_ subject: Subject) -> String {
        if subject.isLoggedIn {
            return "; the login for \(subject.loginName) has no right to \(subject.action) this"
                + " (\"hako login \(subject.loginName)\" changes it)"
        }
        let known = subject.action == "pull" ? "it may not exist, or a login is needed" : "a login is needed"
        return "; \(known): \"hako login \(subject.loginName)\""
    }

    private func tooManyRequests(_ text: String, _ subject: Subject) -> RegistryFailure {
        let when = retryAfter.map { " in \(short($0.rounded(.up))) s" } ?? " later"
        let limit = RateLimit(headers).map { ", \($0)" } ?? ""
        let login = subject.isLoggedIn ? "" : " or log in (\"hako login \(subject.loginName)\")"
        return RegistryFailure(
            .resourceExhausted, "\(text): it limits how much may be asked of it\(limit); try again\(when)\(login)",
            retryAfter: retryAfter)
    }

    /// Seconds that the registry asks to wait: a number, or a date (RFC 9110 section 10.2.3).
    var retryAfter: Double? {
        guard let text = headers.first(name: "Retry-After") else { return nil }
        if let seconds = Double(text) { return seconds.isFinite && seconds >= 0 ? seconds : nil }
        return HTTPDate.seconds(text).map { max(Double($0 - HTTPDate.now), 0) }
    }
}

/// Distribution's error document.
private struct ErrorDocument {
    /// The first message, or its code in words.
    var message: String?

    init(_ body: [UInt8]) {
        var found: String?
        _ = try? JSONReader.document(body) { reader in
            try reader.object { key, value in
                guard key == "errors" else { return try value.skip() }
                try value.array { entry in
                    let words = try Self.entry(&entry)
                    found = found ?? words
                }
            }
        }
        message = found.map(plainText)
    }

    private static func entry(_ reader: inout JSONReader) throws -> String? {
        var code: String?
        var message: String?
        try reader.object { key, value in
            switch key {
            case "code": code = try value.optional { reader in try reader.string() }
            case "message": message = try value.optional { reader in try reader.string() }
            default: try value.skip()
            }
        }
        let words = code.map { $0.lowercased().replacing("_", with: " ") }
        return message.flatMap { $0.isEmpty ? nil : $0 } ?? words
    }
}
