internal import ArgumentParser
internal import ContainerService
internal import Support

/// `hako image prune`.
struct ImagePruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove images that have no name, or no container.",
        discussion: "Filters: until=TIME, label=NAME[=VALUE], label!=NAME[=VALUE].")

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "All images without a container, not only those without a name.")
    var all = false

    @Flag(name: [.short, .long], help: "Don't ask.")
    var force = false

    @Option(help: ArgumentHelp("Only images of which this holds.", valueName: "name=value"))
    var filter: [String] = []

    func run() throws {
        let filter = try Filters(filter, known: ["until", "label", "label!", "dangling"])
        let everything = try all || filter.flag("dangling") == false
        if !force {
            try Confirmation.ask(
                everything
                    ? "This will remove all images without at least one container associated to them."
                    : "This will remove all dangling images.")
        }
        let engine = try Engine(globals, runs: false)
        let pruned = try engine.imageService.prune(
            all: everything, try filter.pruning(), uses: try engine.imageUses())
        PruneReport.images(pruned)
        PruneReport.total(pruned.bytes)
    }
}

/// `hako container prune`.
struct ContainerPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove all stopped containers.",
        discussion: "Filters: until=TIME, label=NAME[=VALUE], label!=NAME[=VALUE].")

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Don't ask.")
    var force = false

    @Option(help: ArgumentHelp("Only containers of which this holds.", valueName: "name=value"))
    var filter: [String] = []

    func run() throws {
        let filter = try Filters(filter, known: ["until", "label", "label!"]).pruning()
        if !force { try Confirmation.ask("This will remove all stopped containers.") }
        let engine = try Engine(globals)
        let pruned = try engine.containers.prune(filter, sizes: engine.imageService.writtenBytes)
        PruneReport.list("Deleted Containers:", pruned.ids)
        PruneReport.total(pruned.bytes)
    }
}

/// `hako volume prune`.
struct VolumePruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove volumes that no container has and nobody named.")

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Also those that somebody named.")
    var all = false

    @Flag(name: [.short, .long], help: "Don't ask.")
    var force = false

    func run() throws {
        if !force {
            let kind = all ? "local" : "anonymous local"
            try Confirmation.ask("This will remove \(kind) volumes not used by at least one container.")
        }
        let pruned = try Engine(globals).containers.pruneVolumes(all: all)
        PruneReport.list("Deleted Volumes:", pruned.names)
        PruneReport.total(pruned.bytes)
    }
}

/// What was pruned, as docker prints it.
enum PruneReport {
    static func list(_ title: String, _ names: [String]) {
        if names.isEmpty { return }
        Console.line(title)
        for name in names { Console.line(name) }
        Console.line("")
    }

    static func images(_ pruned: PrunedImages) {
        list("Deleted Images:", pruned.untagged.map { "untagged: \($0)" } + pruned.deleted.map { "deleted: \($0)" })
    }

    static func total(_ bytes: Int64) { Console.line("Total reclaimed space: \(Quantities.size(bytes))") }
}
