internal import ArgumentParser
internal import ContainerService
internal import Support

/// `hako pull`.
struct PullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Get an image from a registry, a layout folder or an archive.",
        discussion: """
            Examples:
              hako pull docker.io/library/alpine:3.20
              hako pull --platform linux/arm64 127.0.0.1:5000/tools/box
              hako pull oci:./layout:latest
              hako pull docker-archive:image.tar
            """)

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Show no progress.")
    var quiet = false

    @Option(help: ArgumentHelp("Platform, such as linux/arm64/v8.", valueName: "os/arch[/variant]"))
    var platform: String?

    @Argument(help: "The image.")
    var image: String

    func run() throws {
        let engine = try Engine(globals, runs: false)
        let display = PullDisplay(quiet: quiet)
        defer { display.finish() }
        let pulled = try engine.images.ensure(image, platform: platform, policy: .always, progress: display)
        display.finish()
        Console.line(pulled.identifier)
    }
}

/// `hako images`.
struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images", abstract: "List images.",
        discussion: "Fields for --format: Repository, Tag, ID, CreatedSince, Size, Digest, SizeBytes.")

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Print ids only.")
    var quiet = false

    @Flag(help: "Print whole ids.")
    var noTrunc = false

    @Flag(help: "Print digests too.")
    var digests = false

    @Option(help: ArgumentHelp("table, json or a template.", valueName: "form"))
    var format: String?

    func run() throws {
        let images = try Engine(globals, runs: false).images.list()
        if quiet {
            for image in images { Console.line(identifier(image)) }
            return
        }
        var listing = Listing([
            .init("Repository", "REPOSITORY"), .init("Tag", "TAG"), .init("Digest", digests ? "DIGEST" : nil),
            .init("ID", "IMAGE ID"), .init("CreatedSince", "CREATED"), .init("Size", "SIZE"), .init("SizeBytes"),
        ])
        listing.rows = images.map { image in
            let created = image.created.map { "\(Quantities.span(Quantities.now() - $0)) ago" } ?? "N/A"
            return [
                image.repository, image.tag, image.digest, identifier(image), created, Quantities.size(image.size),
                "\(image.size)",
            ]
        }
        try listing.print(format: format)
    }

    private func identifier(_ image: ImageSummary) -> String {
        if noTrunc { return image.identifier }
        let hex = image.identifier.split(separator: ":").last ?? ""
        return String(hex.prefix(12))
    }
}

/// `hako rmi`.
struct RemoveImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rmi", abstract: "Remove images.")

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Also where containers were made from it.")
    var force = false

    @Argument(help: "Names, ids or their beginnings.")
    var images: [String]

    func run() throws {
        let engine = try Engine(globals, runs: false)
        try EachArgument.run("rmi", images) { reference in
            for line in try engine.images.remove(reference, force: force, collects: true, uses: []) {
                Console.line(line)
            }
        }
    }
}
