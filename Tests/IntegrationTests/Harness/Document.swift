import Foundation

/// A JSON value written as a Swift literal, read and changed by key: `config["process"]["args"] = ["true"]`.
enum Document: Equatable, Sendable {
    case null, boolean(Bool), integer(Int), real(Double), string(String), array([Document]), object([String: Document])

    /// The value of an object's field; `null` where there is none. Writing makes the object.
    subscript(key: String) -> Document {
        get {
            guard case .object(let fields) = self else { return .null }
            return fields[key] ?? .null
        }
        set {
            var fields: [String: Document] = [:]
            if case .object(let present) = self { fields = present }
            fields[key] = newValue == .null ? nil : newValue
            self = .object(fields)
        }
    }

    /// The elements, when this is an array.
    var elements: [Document] {
        get { if case .array(let elements) = self { elements } else { [] } }
        set { self = .array(newValue) }
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var number: Int? { if case .integer(let number) = self { number } else { nil } }
    var fields: [String: Document] { if case .object(let fields) = self { fields } else { [:] } }

    /// Parses JSON; nil where it is none.
    init?(json: String) {
        let options: JSONSerialization.ReadingOptions = [.fragmentsAllowed]
        guard let value = try? JSONSerialization.jsonObject(with: Data(json.utf8), options: options) else { return nil }
        self.init(value)
    }

    private init(_ value: Any) {
        switch value {
        case let text as String: self = .string(text)
        case let array as [Any]: self = .array(array.map(Document.init))
        case let object as [String: Any]: self = .object(object.mapValues(Document.init))
        case let number as NSNumber:
            if CFBooleanLike.contains(number) {
                self = .boolean(number.boolValue)
            } else {
                self = Int(exactly: number.doubleValue).map(Document.integer) ?? .real(number.doubleValue)
            }
        default: self = .null
        }
    }

    private var plain: Any {
        switch self {
        case .null: NSNull()
        case .boolean(let value): value
        case .integer(let value): value
        case .real(let value): value
        case .string(let value): value
        case .array(let values): values.map(\.plain)
        case .object(let fields): fields.mapValues(\.plain)
        }
    }

    /// The value as JSON text.
    var json: String {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .fragmentsAllowed]
        return (try? JSONSerialization.data(withJSONObject: plain, options: options)).map {
            String(decoding: $0, as: UTF8.self)
        } ?? ""
    }
}

/// Tells JSON's `true` from 1: Foundation gives both as `NSNumber`.
private enum CFBooleanLike {
    static func contains(_ number: NSNumber) -> Bool {
        String(cString: number.objCType) == "c"
    }
}

extension Document: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    init(dictionaryLiteral elements: (String, Document)...) {
        self = .object(Dictionary(elements) { $1 })
    }
    init(arrayLiteral elements: Document...) { self = .array(elements) }
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .boolean(value) }
    init(nilLiteral: ()) { self = .null }
}
