internal import ArgumentParser
internal import ContainerService

/// `hako tag`.
struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Give an image another name.",
        discussion: "Example:\n  hako tag busybox registry.example:5000/tools/box:1")

    @OptionGroup var globals: GlobalOptions

    @Argument(help: "A name, an id or its beginning.")
    var image: String

    @Argument(help: "The name it gets too.")
    var name: String

    func run() throws {
        try Engine(globals, runs: false).imageService.tag(image, as: name)
    }
}
