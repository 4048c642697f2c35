internal import ContainerService
internal import JSON

/// Which events a client wants.
struct EventFilter: Sendable {
    /// Nanoseconds of the Unix epoch; nil is from now on.
    let since: Int64?
    /// Nanoseconds of the Unix epoch; nil is for ever.
    let until: Int64?
    private let filters: APIFilters

    init(_ query: Query) throws {
        since = try query.text("since").map(Self.instant)
        until = try query.text("until").map(Self.instant)
        filters = try APIFilters(
            query,
            known: [
                "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope",
                "secret", "service", "type", "volume",
            ])
    }

    /// Whether nothing more can come.
    var isOver: Bool { until.map { Event(.daemon, "", "").time >= $0 } ?? false }

    /// Whether the client wants it.
    func fits(_ event: Event) -> Bool {
        if let since, event.time < since { return false }
        if let until, event.time > until { return false }
        return filters.passes("type") { $0 == event.kind.rawValue }
            && filters.passes("event") { event.action == $0 || event.action.hasPrefix("\($0):") }
            && filters.passes("scope") { $0 == "local" } && filters.passesLabels(event.attributes)
            && fits(event, .container) && fits(event, .image) && fits(event, .volume) && fits(event, .network)
    }

    private func fits(_ event: Event, _ kind: Event.Kind) -> Bool {
        filters.passes(kind.rawValue) { wanted in
            guard event.kind == kind else { return false }
            if event.subject == wanted || event.attributes["name"] == wanted { return true }
            return kind == .container && !wanted.isEmpty && event.subject.hasPrefix(wanted)
        }
    }

    /// `1700000000.5` or a date, in nanoseconds.
    static func instant(_ text: String) throws -> Int64 {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let seconds = Int64(parts[0]), parts[1].allSatisfy(\.isNumber) else {
            return try Timestamps.instant(text) * 1_000_000_000
        }
        let digits = (String(parts[1]) + "000000000").prefix(9)
        return seconds * 1_000_000_000 + (Int64(digits) ?? 0)
    }
}

/// An event in the Engine API's form.
enum EventDocument {
    /// One line of the stream.
    static func line(_ event: Event) -> [UInt8] {
        let isImage = event.kind == .image || event.kind == .container
        var members: [(String, JSONValue)] = []
        if isImage {
            members += [("status", .string(event.action)), ("id", .string(event.subject))]
            if event.kind == .container { members.append(("from", .string(event.attributes["image"] ?? ""))) }
        }
        members += [
            ("Type", .string(event.kind.rawValue)), ("Action", .string(event.action)),
            (
                "Actor",
                .members([("ID", .string(event.subject)), ("Attributes", .strings(event.attributes))])
            ),
            ("scope", .string("local")), ("time", .integer(event.time / 1_000_000_000)),
            ("timeNano", .integer(event.time)),
        ]
        return JSONValue.members(members).json() + [0x0a]
    }
}
