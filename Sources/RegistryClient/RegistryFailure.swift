internal import JSON
internal import Support

/// A failure that another try may mend.
struct RegistryFailure: Error {
    let error: RuntimeError
    /// Seconds that the registry asked to wait.
    var retryAfter: Double?

    init(_ code: RuntimeError.Code, _ message: String, retryAfter: Double? = nil) {
        error = RuntimeError(code, message)
        self.retryAfter = retryAfter
    }
}

/// What a status other than success means; `body` is the beginning of the answer.
func statusFailure(_ status: UInt, _ registry: String, _ body: [UInt8], retryAfter: String?) -> any Error {
    let said = errorMessage(body)
    func text(_ fallback: String) -> String { "registry \(registry): \(said ?? fallback) (\(status))" }
    switch status {
    case 404: return RuntimeError(.notFound, text("not found"))
    case 401:
        return RuntimeError(
            .permissionDenied, "\(text("authentication required")); the image may not exist, or a login is needed")
    case 403: return RuntimeError(.permissionDenied, text("forbidden"))
    case 429:
        let seconds = retryAfter.flatMap(Double.init)
        let when = seconds.map { " in \(short($0)) s" } ?? " later"
        return RegistryFailure(
            .resourceExhausted,
            "\(text("too many requests")): it limits how much may be pulled; try again\(when) or log in",
            retryAfter: seconds)
    case 408, 425, 500, 502, 503, 504:
        return RegistryFailure(
            .unavailable, text("the registry is in trouble"), retryAfter: retryAfter.flatMap(Double.init))
    default: return RuntimeError(.unavailable, text("an unexpected answer"))
    }
}

/// The first message in distribution's error document, or its code in words.
private func errorMessage(_ body: [UInt8]) -> String? {
    var found: String?
    _ = try? JSONReader.document(body) { reader in
        try reader.object { key, value in
            guard key == "errors" else { return try value.skip() }
            try value.array { entry in
                var code: String?
                var message: String?
                try entry.object { key, value in
                    switch key {
                    case "code": code = try value.optional { reader in try reader.string() }
                    case "message": message = try value.optional { reader in try reader.string() }
                    default: try value.skip()
                    }
                }
                let words = code.map { $0.lowercased().replacing("_", with: " ") }
                found = found ?? message.flatMap { $0.isEmpty ? nil : $0 } ?? words
            }
        }
    }
    return found.map(plainText)
}
