internal import JSON
internal import Support

/// A change of an image's configuration, written as an instruction of a Dockerfile: `CMD ["sh"]`, `ENV A=B`.
public struct ImageChange: Sendable {
    private let instruction: String
    private let value: String

    /// Parses one line.
    ///
    /// - Throws: `invalidArgument`; `unsupported` for an instruction that changes no configuration.
    public init(_ text: String) throws {
        let line = text.trimmed()
        let word = line.prefix { !$0.isWhitespace }
        instruction = word.uppercased()
        value = String(line.dropFirst(word.count)).trimmed()
        guard Self.known.contains(instruction) else {
            throw RuntimeError(
                .unsupported,
                "change \"\(text)\": known are \(Self.known.sorted().joined(separator: ", "))")
        }
        guard !value.isEmpty else {
            throw RuntimeError(.invalidArgument, "change \"\(text)\": nothing stands behind it")
        }
    }

    private static let known: Set<String> = [
        "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    ]

    /// Makes the change in the `config` object of a configuration.
    func apply(to config: inout JSONValue) throws {
        switch instruction {
        case "CMD": config["Cmd"] = .strings(command)
        case "ENTRYPOINT": config["Entrypoint"] = .strings(command)
        case "USER": config["User"] = .string(value)
        case "WORKDIR": config["WorkingDir"] = .string(value)
        case "STOPSIGNAL": config["StopSignal"] = .string(value)
        case "ONBUILD": config["OnBuild"] = .strings(Self.texts(config["OnBuild"]) + [value])
        case "ENV":
            let all = try pairs().map { "\($0)=\($1)" }
            config["Env"] = .strings(ContainerSpecification.environment(Self.texts(config["Env"]), all))
        case "LABEL":
            var labels = config["Labels"] ?? .null
            if case .object = labels {} else { labels = .object([]) }
            for (name, text) in try pairs() { labels[name] = .string(text) }
            config["Labels"] = labels
        case "EXPOSE": addKeys(words().map { $0.contains("/") ? $0 : "\($0)/tcp" }, "ExposedPorts", &config)
        case "VOLUME": addKeys(list ?? words(), "Volumes", &config)
        default: break
        }
    }

    private func addKeys(_ keys: [String], _ name: String, _ config: inout JSONValue) {
        var object = config[name] ?? .null
        if case .object = object {} else { object = .object([]) }
        for key in keys { object[key] = .object([]) }
        config[name] = object
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        if case .array(let items)? = value { return items.compactMap(\.text) }
        return []
    }

    /// The JSON form of a list; nil where the text is none.
    private var list: [String]? {
        guard value.hasPrefix("["), case .array(let items)? = try? JSONValue(Array(value.utf8)) else { return nil }
        let texts = items.compactMap(\.text)
        return texts.count == items.count ? texts : nil
    }

    /// The exec form, or the shell form.
    private var command: [String] { list ?? ["/bin/sh", "-c", value] }

    /// `A=B C="D E"`, or the old form `A B C`, where all behind the first blank is the value.
    private func pairs() throws -> [(String, String)] {
        let all = words()
        guard let first = all.first, first.contains("=") else {
            let name = value.prefix { !$0.isWhitespace }
            let rest = String(value.dropFirst(name.count)).trimmed()
            guard !rest.isEmpty else {
                throw RuntimeError(.invalidArgument, "change \"\(instruction) \(value)\": no value")
            }
            return [(String(name), rest)]
        }
        return try all.map { word in
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw RuntimeError(.invalidArgument, "change \"\(instruction) \(value)\": \"\(word)\" is no NAME=VALUE")
            }
            return (parts[0], parts[1])
        }
    }

    /// The words, with quotes and backslashes resolved.
    private func words() -> [String] {
        var all: [String] = []
        var word: String?
        var quote: Character?
        var escaped = false
        for character in value {
            if escaped {
                word = (word ?? "") + String(character)
                escaped = false
            } else if character == "\\", quote != "'" {
                escaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let done = word { all.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return all + (word.map { [$0] } ?? [])
    }
}

extension StringProtocol {
    /// The text without white space at its ends.
    func trimmed() -> String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
