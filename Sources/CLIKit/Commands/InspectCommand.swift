internal import ArgumentParser
internal import ContainerService
internal import JSON
internal import Support

/// `hako inspect`.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Print all that is known of containers and images.",
        discussion: """
            Examples:
              hako inspect --format '{{json .Config.Env}}' box
              hako inspect -f '{{.State.Status}}' box
            """)

    @OptionGroup var globals: GlobalOptions

    @Option(help: ArgumentHelp("Only things of this kind: container or image.", valueName: "kind"))
    var type: String?

    @OptionGroup var options: InspectOptions

    func run() throws {
        let kinds = try type.map { text in
            guard let kind = InspectOptions.Kind(rawValue: text) else {
                throw RuntimeError(.invalidArgument, "--type \"\(text)\": known are container and image")
            }
            return [kind]
        }
        try options.run(globals, kinds: kinds ?? InspectOptions.Kind.allCases)
    }
}

/// The options that every form of inspect has.
struct InspectOptions: ParsableArguments {
    /// What can be inspected, in the order in which a name is looked for.
    enum Kind: String, CaseIterable {
        case container, image
    }

    @Option(name: [.short, .long], help: ArgumentHelp("json or a template.", valueName: "form"))
    var format: String?

    @Flag(name: [.short, .long], help: "Sizes of containers too.")
    var size = false

    @Argument(help: "Names, ids or their beginnings.")
    var names: [String]

    func run(_ globals: GlobalOptions, kinds: [Kind]) throws {
        let template = try format.flatMap { $0 == "json" ? nil : try Template($0) }
        let engine = try Engine(globals, runs: false)
        var found: [JSONValue] = []
        var failed = false
        for name in names {
            do {
                let document = try look(name, kinds, engine)
                if let template { Console.line(try template.text(document)) } else { found.append(document) }
            } catch {
                Console.error("inspect: \(error)")
                failed = true
            }
        }
        if template == nil {
            if format == "json" {
                for document in found { Console.bytes(document.json() + [10]) }
            } else {
                Console.bytes(JSONValue.array(found).json(indent: 4) + [10])
            }
        }
        if failed { throw ExitCode(1) }
    }

    private func look(_ name: String, _ kinds: [Kind], _ engine: Engine) throws -> JSONValue {
        for kind in kinds {
            do {
                switch kind {
                case .container:
                    return try ContainerDocument(engine: engine).value(try engine.containers.find(name), sized: size)
                case .image: return try ImageDocument(engine: engine).value(name)
                }
            } catch let error as RuntimeError where error.code == .notFound && kinds.count > 1 { continue }
        }
        throw RuntimeError(.notFound, "no such object: \(name)")
    }
}
