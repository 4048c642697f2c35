internal import ArgumentParser
internal import ContainerService
internal import OCISpec
internal import Support

/// `hako spec`.
struct SpecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spec", abstract: "Print the config.json that `run` would use, and run nothing.",
        discussion: """
            Takes the options of run.

            Example:
              hako spec --memory 64m busybox sh -c 'echo hi' | jq .linux.resources
            """, helpNames: .long)

    @OptionGroup var globals: GlobalOptions

    @Flag(help: .hidden)
    var rm = false

    @OptionGroup var container: ContainerOptions

    @Argument(help: "The image.")
    var image: String

    @Argument(help: "The program and its arguments, instead of the image's.")
    var command: [String] = []

    func run() throws {
        let wanted = try container.specification(image: image, command: command)
        let engine = try Engine(globals)
        let image = try container.image.image(image, engine: engine, quiet: false)
        let document = try engine.containers.preview(wanted, image: image)
        Console.bytes(document.json(indent: 2) + [10])
    }
}
