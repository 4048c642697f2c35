internal import ArgumentParser
internal import ContainerService
internal import OCISpec

/// `hako history`.
struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show how an image was made, the newest step first.",
        discussion: "Fields for --format: ID, CreatedSince, CreatedAt, CreatedBy, Size, Comment.", helpNames: .long)

    @OptionGroup var globals: GlobalOptions

    @Flag(help: "Print whole ids and commands.")
    var noTrunc = false

    @Flag(name: [.short, .long], help: "Print ids only.")
    var quiet = false

    @Flag(
        name: [.customShort("H"), .long], inversion: .prefixedNo, help: "Print sizes and times for people.")
    var human = true

    @Option(help: ArgumentHelp("table, json or a template.", valueName: "form"))
    var format: String?

    @Option(help: ArgumentHelp("Platform, such as linux/arm64/v8.", valueName: "os/arch[/variant]"))
    var platform: String?

    @Argument(help: "A name, an id or its beginning.")
    var image: String

    func run() throws {
        let wanted = try platform.map { try Platform($0) }
        let steps = try Engine(globals, runs: false).imageService.history(image, platform: wanted)
        if quiet {
            for step in steps { Console.line(identifier(step)) }
            return
        }
        var listing = Listing([
            .init("ID", "IMAGE"), .init("CreatedSince", human ? "CREATED" : nil),
            .init("CreatedAt", human ? nil : "CREATED AT"), .init("CreatedBy", "CREATED BY"), .init("Size", "SIZE"),
            .init("Comment", "COMMENT"),
        ])
        listing.rows = steps.map { step in
            let command = printable(step.createdBy)
            let shown = noTrunc || command.count <= 45 ? command : "\(command.prefix(44))…"
            let time = step.created.map { Timestamps.text($0) } ?? "N/A"
            return [
                identifier(step), Moments.ago(step.created), time, shown,
                human ? Quantities.size(step.size) : "\(step.size)", printable(step.comment),
            ]
        }
        try listing.print(format: format)
    }

    private func identifier(_ step: ImageStep) -> String {
        step.identifier.map { noTrunc ? $0.description : $0.short } ?? "<missing>"
    }
}
