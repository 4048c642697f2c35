extension InstructionParser {
    /// RUN: flags, then a command.
    func run(_ flags: inout Flags, _ line: LogicalLine) throws -> RunInstruction {
        var run = RunInstruction(command: form(flags.rest))
        run.mounts = try flags.values("mount").map(mount)
        run.network = try flags.value("network") ?? run.network
        guard ["default", "none", "host"].contains(run.network) else {
            throw Fault("--network=\(run.network): known are default, none and host", word: "--network")
        }
        run.security = try flags.value("security") ?? run.security
        guard ["sandbox", "insecure"].contains(run.security) else {
            throw Fault("--security=\(run.security): known are sandbox and insecure", word: "--security")
        }
        if case .shell = run.command { run.heredocs = line.heredocs }
        return run
    }

    /// One `--mount`: `type=cache,target=/x,id=y`.
    private func mount(_ text: String) throws -> RunMount {
        var mount = RunMount()
        for field in Self.fields(text) {
            let equals = field.firstIndex(of: "=")
            let key = String(field[..<(equals ?? field.endIndex)]).lowercased()
            let value = equals.map { String(field[field.index(after: $0)...]) }
            try set(&mount, key, value, text)
        }
        let needsTarget = mount.kind != .secret && mount.kind != .ssh
        if needsTarget && mount.target.isEmpty { throw Fault("--mount=\(text): no target", word: "--mount=\(text)") }
        return mount
    }

    private func set(_ mount: inout RunMount, _ key: String, _ value: String?, _ text: String) throws {
        let word = "--mount=\(text)"
        func needed() throws -> String {
            guard let value else { throw Fault("--mount: \(key) without a value", word: word) }
            return value
        }
        func known<T: RawRepresentable & CaseIterable>(_: T.Type) throws -> T where T.RawValue == String {
            let value = try needed()
            let names = T.allCases.map(\.rawValue)
            guard let found = T(rawValue: value.lowercased()) else {
                throw Fault("--mount: \(key) \"\(value)\" is unknown\(Suggestion.text(value, names))", word: word)
            }
            return found
        }
        switch key {
        case "type": mount.kind = try known(RunMount.Kind.self)
        case "target", "dst", "destination": mount.target = try needed()
        case "source", "src": mount.source = try needed()
        case "from": mount.from = try needed()
        case "id": mount.identifier = try needed()
        case "env": mount.variable = try needed()
        case "sharing": mount.sharing = try known(RunMount.Sharing.self)
        case "readonly", "ro": mount.isReadOnly = try flag(key, value, word)
        case "readwrite", "rw": mount.isReadOnly = try !flag(key, value, word)
        case "required": mount.isRequired = try flag(key, value, word)
        case "mode": mount.mode = try number(key, try needed(), 8, word)
        case "uid": mount.uid = try number(key, try needed(), 10, word)
        case "gid": mount.gid = try number(key, try needed(), 10, word)
        case "size": mount.size = try bytes(try needed(), word)
        default: throw Fault("--mount: unknown key \"\(key)\"\(Suggestion.text(key, Self.mountKeys))", word: word)
        }
    }

    private static let mountKeys = [
        "type", "target", "source", "from", "id", "env", "sharing", "readonly", "readwrite", "required", "mode", "uid",
        "gid", "size",
    ]

    private func flag(_ key: String, _ value: String?, _ word: String) throws -> Bool {
        switch value?.lowercased() {
        case nil, "", "true", "1": true
        case "false", "0": false
        default: throw Fault("--mount: \(key) is neither true nor false", word: word)
        }
    }

    private func number(_ key: String, _ text: String, _ radix: Int, _ word: String) throws -> UInt32 {
        guard let number = UInt32(text, radix: radix), number <= 0x7fff_ffff else {
            throw Fault("--mount: \(key) \"\(text)\" is no number", word: word)
        }
        return number
    }

    private func bytes(_ text: String, _ word: String) throws -> Int64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units = ["": 0, "b": 0, "k": 10, "kb": 10, "m": 20, "mb": 20, "g": 30, "gb": 30]
        let unit = units[text[digits.endIndex...].lowercased()]
        guard let number = Int64(digits), let unit, number < 1 << 32 else {
            throw Fault("--mount: size \"\(text)\" is no size", word: word)
        }
        return number << Int64(unit)
    }

    /// The fields between commas; quotes keep a comma as it is.
    private static func fields(_ text: String) -> [String] {
        var fields: [String] = [""]
        var isQuoted = false
        for character in text {
            if character == "\"" {
                isQuoted.toggle()
            } else if character == "," && !isQuoted {
                fields.append("")
            } else {
                fields[fields.count - 1].append(character)
            }
        }
        return fields.filter { !$0.isEmpty }
    }
}
