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
