internal import ArgumentParser
internal import ContainerService
internal import Support

/// `hako system prune`.
struct SystemPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove what nothing uses: stopped containers, images, build cache.",
        discussion: "Filters: until=TIME, label=NAME[=VALUE], label!=NAME[=VALUE].")

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "All images without a container, not only those without a name.")
    var all = false

    @Flag(help: "Volumes too that no container has and nobody named.")
    var volumes = false

    @Flag(name: [.short, .long], help: "Don't ask.")
    var force = false

    @Option(help: ArgumentHelp("Only that of which this holds.", valueName: "name=value"))
    var filter: [String] = []

    func run() throws {
        let pruning = try Filters(filter, known: ["until", "label", "label!"]).pruning()
        if volumes, pruning.until != nil {
            throw RuntimeError(.invalidArgument, "the \"until\" filter is not supported with \"--volumes\"")
        }
        if !force { try Confirmation.ask(warning) }
        let engine = try Engine(globals)
        let containers = try engine.containers.prune(pruning, sizes: engine.imageService.writtenBytes)
        PruneReport.list("Deleted Containers:", containers.ids)
        var bytes = containers.bytes
        if volumes {
            let gone = try engine.containers.pruneVolumes(all: false)
            PruneReport.list("Deleted Volumes:", gone.names)
            bytes += gone.bytes
        }
        let images = try engine.imageService.prune(all: all, pruning, uses: try engine.imageUses())
        PruneReport.images(images)
        // Records of the cache have no labels.
        if pruning.labels.isEmpty {
            let cache = try engine.imageService.pruneCache(until: pruning.until)
            PruneReport.list("Deleted build cache objects:", cache.keys)
            bytes += cache.bytes
        }
        PruneReport.total(bytes + images.bytes)
    }

    private var warning: String {
        var lines = ["This will remove:", "  - all stopped containers"]
        if volumes { lines.append("  - all anonymous volumes not used by at least one container") }
        lines.append(
            all ? "  - all images without at least one container associated to them" : "  - all dangling images")
        lines.append("  - all build cache")
        return lines.joined(separator: "\n") + "\n"
    }
}
