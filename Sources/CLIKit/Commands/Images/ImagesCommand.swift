internal import ArgumentParser
internal import ContainerService
internal import OCISpec
internal import Support

/// `hako images`.
struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images", abstract: "List images.",
        discussion: """
            Fields for --format: Repository, Tag, Digest, ID, CreatedSince, CreatedAt, Size, VirtualSize, SharedSize,
            UniqueSize, Containers, SizeBytes.

            Filters: dangling=true|false, label=NAME[=VALUE], before=IMAGE, since=IMAGE, until=TIME, reference=PATTERN.

            Examples:
              hako images --filter dangling=true -q
              hako images 'registry/*:1.*'
            """)

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "All images; there are no hidden ones.")
    var all = false

    @Flag(name: [.short, .long], help: "Print ids only.")
    var quiet = false

    @Flag(help: "Print whole ids.")
    var noTrunc = false

    @Flag(help: "Print digests too.")
    var digests = false

    @Option(name: [.short, .long], help: ArgumentHelp("Only images of which this holds.", valueName: "name=value"))
    var filter: [String] = []

    @Option(help: ArgumentHelp("table, json or a template.", valueName: "form"))
    var format: String?

    @Argument(help: "Only images of this name; a pattern.")
    var reference: String?

    func run() throws {
        let engine = try Engine(globals, runs: false)
        let images = try selected(engine)
        if quiet {
            for image in images { Console.line(identifier(image)) }
            return
        }
        var listing = Listing([
            .init("Repository", "REPOSITORY"), .init("Tag", "TAG"), .init("Digest", digests ? "DIGEST" : nil),
            .init("ID", "IMAGE ID"), .init("CreatedSince", "CREATED"), .init("Size", "SIZE"), .init("CreatedAt"),
            .init("VirtualSize"), .init("SharedSize"), .init("UniqueSize"), .init("Containers"), .init("SizeBytes"),
        ])
        // A table of thousands of images doesn't show it, and it takes long to write.
        let hasDates = format != nil && format != "table"
        listing.rows = images.map { image in
            let size = Quantities.size(image.size)
            let date = hasDates ? Moments.date(image.created) : ""
            return [
                image.repository, image.tag, image.digest, identifier(image), Moments.ago(image.created), size,
                date, size, "N/A", "N/A", "N/A", "\(image.size)",
            ]
        }
        try listing.print(format: format)
    }

    private func identifier(_ image: ImageSummary) -> String {
        if noTrunc { return image.identifier }
        let text = image.identifier.utf8
        let hex = text.firstIndex(of: UInt8(ascii: ":")).map { text[text.index(after: $0)...] } ?? text[...]
        return String(Substring(hex.prefix(12)))
    }

    private func selected(_ engine: Engine) throws -> [ImageSummary] {
        let filters = try Filters(
            filter, known: ["dangling", "label", "before", "since", "until", "reference"])
        var images = try engine.images.list()
        if let dangling = try filters.flag("dangling") { images = images.filter { ($0.name == nil) == dangling } }
        for text in filters.all("before") {
            let limit = try created(text, engine)
            images = images.filter { ($0.created ?? 0) < limit }
        }
        for text in filters.all("since") {
            let limit = try created(text, engine)
            images = images.filter { ($0.created ?? 0) > limit }
        }
        for text in filters.all("until") {
            let limit = try Timestamps.instant(text)
            images = images.filter { ($0.created ?? 0) < limit }
        }
        let patterns = filters.all("reference") + (reference.map { [$0] } ?? [])
        for pattern in patterns { images = images.filter { Self.fits($0, pattern) } }
        let labels = filters.all("label")
        if labels.isEmpty { return images }
        return images.filter { image in
            let own = (try? engine.imageService.resolve(image.name ?? image.identifier))?.configuration.process.labels
            return labels.allSatisfy { PruneFilter.has($0, own ?? [:]) }
        }
    }

    private func created(_ text: String, _ engine: Engine) throws -> Int64 {
        let image = try engine.imageService.resolve(text)
        return Timestamps.seconds(image.configuration.created) ?? 0
    }

    /// Whether the name, with or without its tag and in its short or full form, fits the pattern.
    private static func fits(_ image: ImageSummary, _ text: String) -> Bool {
        guard let name = image.name, let reference = try? ImageReference(name) else { return false }
        let pattern = PathPattern(text)
        let full = reference.name + (reference.tag.map { ":\($0)" } ?? "")
        return [image.repository, "\(image.repository):\(image.tag)", reference.name, full].contains(
            where: pattern.matches)
    }
}
