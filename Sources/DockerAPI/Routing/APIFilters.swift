internal import ContainerService
internal import JSON

/// The `filters` of a query: `{"label": ["a=b"]}`, or `{"label": {"a=b": true}}` as older clients have it.
struct APIFilters: Sendable {
    private let values: [String: [String]]

    /// - Parameter known: what may be filtered by; anything else is a 400 that names it.
    init(_ query: Query, known: Set<String>) throws {
        var values: [String: [String]] = [:]
        if let text = query.text("filters") {
            guard case .object(let members)? = try? JSONValue(Array(text.utf8)) else {
                throw APIError(400, "invalid filters: not a JSON object")
            }
            for member in members {
                guard known.contains(member.name) else { throw APIError(400, "invalid filter '\(member.name)'") }
                let set = member.value.fields.filter(\.value.isTrue).map(\.name)
                values[member.name, default: []] += member.value.items == nil ? set : member.value.strings
            }
        }
        self.values = values
    }

    var isEmpty: Bool { values.isEmpty }

    /// All values of a filter.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// Whether a value passes: any does where nothing is asked for.
    func passes(_ name: String, _ fits: (String) throws -> Bool) rethrows -> Bool {
        guard let wanted = values[name], !wanted.isEmpty else { return true }
        return try wanted.contains(where: fits)
    }

    /// Whether all labels that are asked for are there.
    func passesLabels(_ labels: [String: String]) -> Bool {
        all("label").allSatisfy { PruneFilter.has($0, labels) }
            && !all("label!").contains { PruneFilter.has($0, labels) }
    }

    /// A truth value; nil where it isn't asked for.
    func flag(_ name: String) throws -> Bool? {
        guard let text = all(name).last else { return nil }
        switch text.lowercased() {
        case "true", "1", "t": return true
        case "false", "0", "f": return false
        default: throw APIError(400, "invalid filter '\(name)=[\(text)]'")
        }
    }

    /// What a prune asks for.
    func pruning() throws -> PruneFilter {
        var filter = PruneFilter()
        filter.until = try all("until").map(Timestamps.instant).min()
        filter.labels = all("label")
        filter.withoutLabels = all("label!")
        return filter
    }
}
