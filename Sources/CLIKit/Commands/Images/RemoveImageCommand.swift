internal import ArgumentParser
internal import ContainerService
internal import Support

/// `hako rmi`.
struct RemoveImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rmi", abstract: "Remove images.",
        discussion: "A name is taken away; the image goes with its last one, and what only it needed.")

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Also an image with several names, and one that stopped containers use.")
    var force = false

    @Flag(help: "Leave what nothing uses any more to the next prune.")
    var noPrune = false

    @Argument(help: "Names, ids or their beginnings.")
    var images: [String]

    func run() throws {
        let engine = try Engine(globals, runs: false)
        try EachArgument.run("rmi", images) { reference in
            do {
                let lines = try engine.images.remove(
                    reference, force: force, collects: !noPrune, uses: try engine.imageUses())
                for line in lines { Console.line(line) }
            } catch let error as RuntimeError where force && error.code == .notFound {
                Console.error("rmi: \(error)")
            }
        }
    }
}

extension Engine {
    /// The containers as they matter to their images.
    func imageUses() throws -> [ImageUse] {
        try containers.list().map { record in
            ImageUse(container: record.shortID, identifier: record.imageIdentifier, isRunning: record.isRunning)
        }
    }
}
