internal import ArgumentParser
internal import ContainerService
internal import OCISpec
internal import Support

/// `hako export`.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a container's root file system as a tar file.",
        discussion: "Volumes are not part of it.")

    @OptionGroup var globals: GlobalOptions

    @Option(name: [.short, .long], help: ArgumentHelp("The file, instead of the standard output.", valueName: "file"))
    var output: String?

    @Argument(help: "A name, an id or its beginning.")
    var container: String

    func run() throws {
        let engine = try Engine(globals)
        let record = try engine.containers.find(container)
        let mounted = record.isRunning ? engine.containers.root(of: record) : nil
        try ArchiveOutput.write(to: output) { file in
            try engine.imageService.export(record, mounted: mounted, to: file)
        }
    }
}

/// `hako diff`.
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show what a container changed in its root file system.",
        discussion: "A is added, C changed, D deleted. Fields for --format: Type, Path.")

    @OptionGroup var globals: GlobalOptions

    @Option(help: ArgumentHelp("table, json or a template.", valueName: "form"))
    var format: String?

    @Argument(help: "A name, an id or its beginning.")
    var container: String

    func run() throws {
        let engine = try Engine(globals)
        let changes = try engine.imageService.changes(of: try engine.containers.find(container))
        guard let format else {
            for change in changes { Console.line("\(change.kind.rawValue) \(printable(change.path))") }
            return
        }
        var listing = Listing([.init("Type", "CHANGE TYPE"), .init("Path", "PATH")])
        listing.rows = changes.map { [$0.kind.rawValue, printable($0.path)] }
        try listing.print(format: format)
    }
}

/// `hako commit`.
struct CommitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit", abstract: "Make an image of a container.",
        discussion: "Example:\n  hako commit -m 'with tools' -c 'CMD [\"bash\"]' box tools:1")

    @OptionGroup var globals: GlobalOptions

    @OptionGroup var options: MakingOptions

    @Option(name: [.short, .long], help: "Who made it.")
    var author: String?

    @Flag(
        name: [.customShort("p"), .long], inversion: .prefixedNo,
        help: "Pause the container meanwhile, so that what is written goes together.")
    var pause = true

    @Argument(help: "A name, an id or its beginning.")
    var container: String

    @Argument(help: "The image's name.")
    var name: String?

    func run() throws {
        let making = try options.making(name, author: author)
        let engine = try Engine(globals)
        let record = try engine.containers.find(container)
        let pauses = pause && record.isRunning
        if pauses { try engine.runtime.pause(record.id) }
        defer { if pauses { resume(record, engine) } }
        let service = engine.imageService
        Console.line(try waitFor { try await service.commit(record, making: making) }.description)
    }

    private func resume(_ record: ContainerRecord, _ engine: Engine) {
        do { try engine.runtime.resume(record.id) } catch { Console.error("commit: \(error)") }
    }
}
