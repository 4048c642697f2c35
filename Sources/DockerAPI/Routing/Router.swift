internal import JSON

/// Finds what serves a request, and answers where nothing does or where it fails.
struct Router: Sendable {
    let routes: [Route]
    /// Told of failures that the client can no longer be told, and of those that are this server's.
    let log: @Sendable (String) -> Void

    /// Serves an exchange on this thread.
    func serve(_ exchange: Exchange) {
        do {
            try dispatch(exchange)
            try exchange.end()
            if !exchange.isRaw { try drain(exchange) }
        } catch is ConnectionClosed {
            return
        } catch { fail(exchange, APIError(error)) }
    }

    private func dispatch(_ exchange: Exchange) throws {
        let request = exchange.request
        var path = request.path[...]
        var version = APIVersion.newest
        if let first = path.first, let asked = APIVersion(step: first) {
            try asked.check()
            version = asked
            path = path.dropFirst()
        }
        let (route, values) = try find(request.method, path)
        try route.action(RouteCall(exchange: exchange, version: version, values: values))
    }

    /// The route for a method and a path without its version.
    ///
    /// - Throws: ``APIError`` 404 or 405.
    func find(_ method: String, _ path: ArraySlice<String>) throws -> (Route, [String: String]) {
        var isKnown = false
        for route in routes {
            guard let values = route.match(path) else { continue }
            if route.method == method || (method == "HEAD" && route.method == "GET") { return (route, values) }
            isKnown = true
        }
        if isKnown { throw APIError(405, "method \(method) is not allowed for /\(path.joined(separator: "/"))") }
        throw APIError(404, "page not found")
    }

    private func fail(_ exchange: Exchange, _ error: APIError) {
        if exchange.hasBegun {
            log("\(exchange.request.method) /\(exchange.request.path.joined(separator: "/")): \(error.message)")
            return
        }
        if error.status >= 500 && error.status != 501 { log(error.message) }
        let body = JSONWriter.text { $0.object { $0.member("message", error.message) } }
        do {
            try exchange.respond(error.status, body)
            try drain(exchange)
        } catch { return }
    }

    /// Takes what is left of a body that nobody wanted, so that the client can read the answer.
    private func drain(_ exchange: Exchange) throws {
        var bytes = 0
        while bytes < 64 << 20, let part = try exchange.body.next() { bytes += part.count }
    }
}
