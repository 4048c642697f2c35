/// What a registry asks for in WWW-Authenticate (RFC 9110 section 11.6.1; distribution's token specification).
struct Challenge: Equatable {
    /// `bearer` or `basic`, in lower case.
    let scheme: String
    /// Its parameters, names in lower case.
    let parameters: [String: String]

    /// Parses one challenge of a header; nil where it is malformed.
    init?(_ header: String) {
        let text = header.drop { $0 == " " }
        guard text.utf8.count <= 4096, let end = text.firstIndex(where: { $0 == " " }) ?? Optional(text.endIndex),
            end != text.startIndex
        else { return nil }
        scheme = text[..<end].lowercased()
        var parameters: [String: String] = [:]
        var rest = text[end...]
        while true {
            rest = rest.drop { $0 == " " || $0 == "," }
            guard let equals = rest.firstIndex(of: "=") else { break }
            let name = rest[..<equals].lowercased()
            rest = rest[rest.index(after: equals)...]
            guard let value = Self.value(&rest) else { return nil }
            parameters[name] = value
        }
        self.parameters = parameters
    }

    private static func value(_ rest: inout Substring) -> String? {
        guard rest.first == "\"" else {
            let word = rest.prefix { $0 != "," && $0 != " " }
            rest = rest[word.endIndex...]
            return String(word)
        }
        var value = ""
        var isEscaped = false
        for index in rest.indices.dropFirst() {
            let character = rest[index]
            if isEscaped {
                value.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                rest = rest[rest.index(after: index)...]
                return value
            } else {
                value.append(character)
            }
        }
        return nil
    }
}
