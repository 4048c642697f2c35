internal import NIOHTTP1

/// The head of a request, decoded once: what is judged is what is executed.
struct Request: Sendable {
    /// Such as `GET`.
    let method: String
    /// The path's steps, percent-decoded; a leading `v1.NN` included.
    let path: [String]
    /// What stands behind `?`.
    let query: Query
    /// The header fields.
    let headers: HTTPHeaders
    /// Whether the client speaks HTTP/1.1, and with it understands chunks.
    let understandsChunks: Bool

    /// - Throws: ``APIError`` 400 where the target is malformed.
    init(_ head: HTTPRequestHead) throws {
        method = head.method.rawValue
        headers = head.headers
        understandsChunks = head.version.minor >= 1
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let target = parts.first, target.hasPrefix("/") else {
            throw APIError(400, "malformed request target")
        }
        path = try target.dropFirst().split(separator: "/", omittingEmptySubsequences: true).map {
            try PercentEncoding.decode($0, plusIsSpace: false)
        }
        query = try Query(parts.count > 1 ? parts[1] : "")
    }

    /// The first header field of that name.
    func header(_ name: String) -> String? { headers.first(name: name) }

    /// Whether the client asks for a raw stream.
    var wantsUpgrade: Bool { headers.contains(name: "upgrade") }
}

/// The parameters behind a request's `?`.
struct Query: Sendable {
    private let values: [(name: String, value: String)]

    init(_ text: some StringProtocol) throws {
        values = try text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                try PercentEncoding.decode(parts[0], plusIsSpace: true),
                parts.count > 1 ? try PercentEncoding.decode(parts[1], plusIsSpace: true) : ""
            )
        }
    }

    /// The first value of that name; nil where there is none or it is empty.
    func text(_ name: String) -> String? {
        values.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// Every value of that name.
    func all(_ name: String) -> [String] { values.filter { $0.name == name }.map(\.value) }

    /// As the Engine API reads booleans: nothing, `0`, `no`, `false` and `none` are false.
    func flag(_ name: String) -> Bool {
        guard let value = text(name)?.lowercased() else { return false }
        return !["0", "no", "false", "none"].contains(value)
    }

    /// Whether a value of that name was given at all.
    func contains(_ name: String) -> Bool { values.contains { $0.name == name } }

    /// A number; nil where there is none.
    ///
    /// - Throws: ``APIError`` 400 that names the parameter.
    func integer<T: FixedWidthInteger>(_ name: String, as type: T.Type = T.self) throws -> T? {
        guard let value = text(name) else { return nil }
        guard let number = T(value) else { throw APIError(400, "invalid value for \(name): \"\(value)\"") }
        return number
    }
}

/// RFC 3986's `%41`.
enum PercentEncoding {
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool) throws -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = digit(rest.popFirst()), let low = digit(rest.popFirst()) else {
                    throw APIError(400, "malformed percent-encoding in the request target")
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw APIError(400, "the request target is not UTF-8 text")
        }
        return decoded
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        guard let byte else { return nil }
        return Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }
}
