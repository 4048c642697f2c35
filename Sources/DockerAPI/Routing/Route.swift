/// A method and a pattern of paths, and what they do.
struct Route: Sendable {
    /// What serves it; runs on a thread of its own and may block.
    typealias Action = @Sendable (RouteCall) throws -> Void

    private enum Step: Sendable {
        case word(String)
        case name(String)
        /// One or more steps: names of images hold slashes.
        case rest(String)
    }

    let method: String
    /// As it is written in the table of routes.
    let pattern: String
    let action: Action
    private let steps: [Step]

    /// - Parameter pattern: such as `/containers/{id}/json`; `{name...}` takes several steps.
    init(_ method: String, _ pattern: String, _ action: @escaping Action) {
        self.method = method
        self.pattern = pattern
        self.action = action
        steps = pattern.split(separator: "/").map { step in
            guard step.hasPrefix("{") else { return .word(String(step)) }
            let name = step.dropFirst().dropLast()
            return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .name(String(name))
        }
    }

    /// The values of the pattern's names where the path fits; else nil.
    func match(_ path: ArraySlice<String>) -> [String: String]? {
        var values: [String: String] = [:]
        var rest = path
        for (place, step) in steps.enumerated() {
            switch step {
            case .word(let word):
                guard rest.popFirst() == word else { return nil }
            case .name(let name):
                guard let value = rest.popFirst() else { return nil }
                values[name] = value
            case .rest(let name):
                let count = rest.count - (steps.count - place - 1)
                guard count > 0 else { return nil }
                values[name] = rest.prefix(count).joined(separator: "/")
                rest = rest.dropFirst(count)
            }
        }
        return rest.isEmpty ? values : nil
    }
}

/// A request that a route was found for.
struct RouteCall: Sendable {
    let exchange: Exchange
    /// The version that the client speaks.
    let version: APIVersion
    private let values: [String: String]

    init(exchange: Exchange, version: APIVersion, values: [String: String]) {
        self.exchange = exchange
        self.version = version
        self.values = values
    }

    var query: Query { exchange.request.query }

    /// The value of one of the pattern's names.
    func value(_ name: String) -> String { values[name] ?? "" }
}
