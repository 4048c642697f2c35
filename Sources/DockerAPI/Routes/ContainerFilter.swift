internal import ContainerService

/// Which containers a list shows.
struct ContainerFilter: Sendable {
    private let filters: APIFilters
    private let all: Bool
    private let before: Int64?
    private let since: Int64?

    init(_ query: Query, _ supervisor: ContainerSupervisor) throws {
        filters = try APIFilters(
            query,
            known: [
                "ancestor", "before", "exited", "expose", "health", "id", "is-task", "label", "label!", "name",
                "network", "publish", "since", "status", "volume",
            ])
        all =
            query.flag("all") || !filters.all("status").isEmpty || !filters.all("exited").isEmpty
            || query.contains("limit")
        before = try filters.all("before").map { try supervisor.find($0).created }.min()
        since = try filters.all("since").map { try supervisor.find($0).created }.max()
    }

    func fits(_ record: ContainerRecord) -> Bool {
        let state = ContainerDocuments.state(record)
        guard all || state == "running" || state == "paused" else { return false }
        if let before, record.created >= before { return false }
        if let since, record.created <= since { return false }
        let specification = record.specification
        return filters.passes("status") { $0 == state } && filters.passesLabels(specification.labels)
            && filters.passes("id") { record.id.hasPrefix($0) }
            && filters.passes("name") { Self.matches(record.name, $0) }
            && filters.passes("ancestor") { Self.isOf($0, record) }
            && filters.passes("exited") { wanted in
                if case .exited(let ending) = record.lifecycle { "\(ending.code)" == wanted } else { false }
            }
            && filters.passes("network") { $0 == specification.network.rawValue }
            && filters.passes("volume") { wanted in
                specification.mounts.contains { mount in
                    mount.destination == wanted || mount.source == .volume(name: wanted)
                        || mount.source == .bind(path: wanted, create: true)
                }
            }
            && filters.passes("health") { $0 == "none" } && filters.passes("is-task") { $0 == "false" }
            && filters.passes("publish") { _ in false } && filters.passes("expose") { _ in false }
    }

    /// Names are regular expressions to docker: `^`, `$` and a leading slash are understood, all else is text.
    private static func matches(_ name: String, _ pattern: String) -> Bool {
        var text = pattern[...]
        let fromStart = text.hasPrefix("^")
        if fromStart { text = text.dropFirst() }
        if text.hasPrefix("/") { text = text.dropFirst() }
        let toEnd = text.hasSuffix("$")
        if toEnd { text = text.dropLast() }
        switch (fromStart, toEnd) {
        case (true, true): return name == text
        case (true, false): return name.hasPrefix(text)
        case (false, true): return name.hasSuffix(text)
        case (false, false): return name.contains(text)
        }
    }

    private static func isOf(_ image: String, _ record: ContainerRecord) -> Bool {
        let identifier = record.imageIdentifier
        if identifier == image || identifier.dropFirst("sha256:".count).hasPrefix(image) { return true }
        let asked = ImageRoutes.full(image)
        return asked != nil && asked == ImageRoutes.full(record.specification.image)
    }
}
