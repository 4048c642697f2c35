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

    @OptionGroup var request: ContainerRequest

    func run() throws {
        let wanted = try request.specification()
        let engine = try Engine(globals)
        let image = try request.image(of: engine)
        let document = try engine.containers.preview(wanted, image: image)
        Console.bytes(document.json(indent: 2) + [10])
    }
}
