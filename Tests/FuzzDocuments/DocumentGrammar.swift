import JSON

/// Makes documents that look like manifests, indexes and configurations, with a fault here and there.
struct DocumentGrammar {
    var dice: Dice
    /// One value in so many is something else than what belongs there.
    private let faults: UInt64

    init(_ seed: UInt64) {
        dice = Dice(seed)
        faults = dice.pick([8, 64, 512, 1_000_000])
    }

    mutating func document() -> JSONValue {
        switch dice.below(6) {
        case 0, 1: manifest()
        case 2, 3: index()
        case 4: configuration()
        default: either(either(manifest(), index()), configuration())
        }
    }

    private mutating func manifest() -> JSONValue {
        object([
            ("schemaVersion", number(2)), ("mediaType", text([Self.types[0], Self.types[4]])), ("config", descriptor()),
            ("layers", list(8) { $0.descriptor() }), ("annotations", map(3)), ("subject", descriptor()),
        ])
    }

    private mutating func index() -> JSONValue {
        object([
            ("schemaVersion", number(2)), ("mediaType", text([Self.types[1], Self.types[5]])),
            ("manifests", list(8) { $0.descriptor() }), ("annotations", map(3)),
        ])
    }

    private mutating func descriptor() -> JSONValue {
        object([
            ("mediaType", text(Self.types)), ("digest", text(Self.digests)), ("size", number(1234)),
            ("urls", list(2) { $0.text(["https://example.test/x"]) }), ("annotations", map(2)),
            (
                "platform",
                object([
                    ("os", text(["linux", "windows"])), ("architecture", text(["amd64", "arm64", "arm"])),
                    ("variant", text(["", "v8", "v7"])),
                ])
            ),
        ])
    }

    private mutating func configuration() -> JSONValue {
        object([
            ("os", text(["linux"])), ("architecture", text(["amd64"])),
            ("created", text(["2026-01-31T12:00:00Z", "x"])),
            (
                "config",
                object([
                    ("Env", list(6) { $0.text(["A=B", "PATH=/bin", "="]) }), ("Cmd", words()), ("Entrypoint", words()),
                    ("Labels", map(6)), ("User", text(["root", "1000:1000"])), ("WorkingDir", text(["/", "a/../.."])),
                    ("ExposedPorts", keys()), ("Volumes", keys()), ("StopSignal", text(["SIGTERM"])),
                    ("Healthcheck", object([("Test", words()), ("Interval", number(1))])),
                ])
            ),
            ("rootfs", object([("type", text(["layers"])), ("diff_ids", list(8) { $0.text(Self.digests) })])),
            (
                "history",
                list(6) { grammar in
                    grammar.object([
                        ("created", grammar.text(["2026-01-31T12:00:00Z"])), ("created_by", grammar.text(["RUN x"])),
                        ("empty_layer", .bool(grammar.dice.hits(2))),
                    ])
                }
            ),
        ])
    }

    private static let digests = [
        "sha256:" + String(repeating: "a", count: 64), "sha512:" + String(repeating: "0", count: 128),
    ]
    /// Texts that no field should take for what it wants.
    private static let oddities = [
        "sha256:", "sha256:" + String(repeating: "A", count: 64), "md5:x", "../../x", "",
        "sha256:" + String(repeating: "0", count: 63), "\u{0}", "\u{1f600}", "\u{202e}x", "\"\\",
    ]
    private static let types = [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json", "", "text/plain",
    ]

    // MARK: Values, one in some of them wrong

    private mutating func either(_ one: JSONValue, _ other: JSONValue) -> JSONValue {
        guard case .object(let first) = one, case .object(let second) = other else { return one }
        return .object((first + second).shuffled(using: &dice))
    }

    private mutating func object(_ members: [(String, JSONValue)]) -> JSONValue {
        if dice.hits(faults) { return anything(0) }
        var all = members.filter { _ in !dice.hits(24) }.map { JSONValue.Member($0.0, $0.1) }
        if dice.hits(faults), let twice = all.randomElement(using: &dice) { all.append(.init(twice.name, anything(0))) }
        if dice.hits(4) { all.append(.init("unknown", anything(0))) }
        if dice.hits(3) { all.shuffle(using: &dice) }
        return .object(all)
    }

    private mutating func list(_ most: Int, _ element: (inout DocumentGrammar) -> JSONValue) -> JSONValue {
        if dice.hits(faults) { return anything(0) }
        let count = dice.hits(4000) ? 600 : dice.below(most)
        return .array((0..<count).map { _ in element(&self) })
    }

    private mutating func words() -> JSONValue {
        dice.hits(5) ? text(["a lone word"]) : list(4) { $0.text(["sh", "-c", "true"]) }
    }

    private mutating func map(_ most: Int) -> JSONValue {
        if dice.hits(faults) { return anything(0) }
        let count = dice.hits(4000) ? 2000 : dice.below(most)
        return .object((0..<count).map { .init("key\($0)", text(["value", ""])) })
    }

    private mutating func keys() -> JSONValue {
        .object((0..<dice.below(4)).map { .init("\($0)/tcp", .object([])) })
    }

    private mutating func text(_ usual: [String]) -> JSONValue {
        dice.hits(faults) ? anything(0) : .string(dice.pick(usual))
    }

    private mutating func number(_ usual: Int) -> JSONValue {
        guard dice.hits(faults) else { return .integer(usual) }
        return .number(
            dice.pick(["-1", "0", "1.5", "1e400", "9223372036854775807", "9223372036854775808", "-0", "00", "1"]))
    }

    private mutating func anything(_ depth: Int) -> JSONValue {
        switch dice.below(depth > 6 ? 6 : 9) {
        case 0: .null
        case 1: .bool(dice.hits(2))
        case 2: .number(dice.pick(["0", "-7", "1e9", "18446744073709551616", "0.1"]))
        case 3: .string("")
        case 4: .string(dice.hits(100) ? String(repeating: "x", count: 5000) : dice.pick(Self.oddities))
        case 5: nested(dice.hits(50) ? dice.pick([126, 127, 128, 129, 300]) : 3)
        case 6: .array((0..<dice.below(5)).map { _ in anything(depth + 1) })
        default: .object((0..<dice.below(5)).map { .init("m\($0)", anything(depth + 1)) })
        }
    }

    private mutating func nested(_ depth: Int) -> JSONValue {
        var value = JSONValue.null
        for _ in 0..<depth { value = dice.hits(2) ? .array([value]) : .object([.init("n", value)]) }
        return value
    }
}
