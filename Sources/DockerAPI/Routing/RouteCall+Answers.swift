internal import JSON
internal import OCISpec

extension RouteCall {
    /// Answers with a document.
    func reply(_ value: JSONValue, status: Int = 200) throws {
        try exchange.respond(status, value.json() + [0x0a])
    }

    /// Answers with a list of documents.
    func reply(_ values: [JSONValue]) throws { try reply(.array(values)) }

    /// Answers that it is done, without a body.
    func done(_ status: Int = 204) throws { try exchange.respond(status, []) }

    /// The request's document; an absent one is an empty object.
    func document() throws -> JSONValue {
        let bytes = try exchange.document()
        if bytes.isEmpty { return .object([]) }
        do { return try JSONValue(bytes) } catch { throw APIError(400, "invalid JSON: \(error)") }
    }

    /// The platform that the query asks for; nil is this machine's.
    func platform() throws -> Platform? {
        guard let text = query.text("platform") else { return nil }
        if text.hasPrefix("{") {
            let value = try JSONValue(Array(text.utf8))
            let parts = [value["os"]?.text ?? "linux", value["architecture"]?.text ?? "", value["variant"]?.text ?? ""]
            return try Platform(parts.filter { !$0.isEmpty }.joined(separator: "/"))
        }
        return try Platform(text)
    }
}

extension JSONValue {
    /// An object of these members, in this order.
    static func members(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(members.map { Member($0.0, $0.1) })
    }

    /// The elements of a list; nil where this is none.
    var items: [JSONValue]? { if case .array(let items) = self { items } else { nil } }

    /// The members of an object; empty where this is none.
    var fields: [Member] { if case .object(let members) = self { members } else { [] } }

    /// The strings of a list.
    var strings: [String] { items?.compactMap(\.text) ?? [] }

    /// Whether this is true.
    var isTrue: Bool { self == .bool(true) }

    /// An integer; nil where this is none.
    func number<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
        if case .number(let text) = self { T(text) } else { nil }
    }

    /// The strings of an object by name.
    var map: [String: String] {
        Dictionary(fields.compactMap { field in field.value.text.map { (field.name, $0) } }) { $1 }
    }
}
