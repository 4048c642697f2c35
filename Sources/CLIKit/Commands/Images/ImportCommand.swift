internal import ArgumentParser
internal import ContainerService
internal import Linux
internal import OCISpec
internal import Support

/// `hako import`.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make an image of one layer from a tar of a root file system.",
        discussion: """
            Examples:
              hako import root.tar.gz base:1
              debootstrap … && tar -C root -c . | hako import -c 'CMD ["/bin/bash"]' - debian:own
            """)

    @OptionGroup var globals: GlobalOptions

    @OptionGroup var options: MakingOptions

    @Option(help: ArgumentHelp("Platform, such as linux/arm64/v8.", valueName: "os/arch[/variant]"))
    var platform: String?

    @Argument(help: "The file, a URL, or - for the standard input.")
    var source: String

    @Argument(help: "The image's name.")
    var name: String?

    func run() throws {
        let making = try options.making(name, platform: platform)
        let service = try Engine(globals, runs: false).imageService
        let isURL = source.hasPrefix("http://") || source.hasPrefix("https://")
        let archive = isURL ? nil : SharedDescriptor(try ArchiveInput.open(source))
        let source = source
        Console.line(
            try waitFor {
                let result: Result<String, any Error>
                do {
                    let file = try archive?.duplicate()
                    let made =
                        if let file { try await service.importRoot(file, source: source, making: making) } else {
                            try await service.importRoot(url: source, making: making)
                        }
                    result = .success(made.description)
                } catch { result = .failure(error) }
                await service.shutdown()
                return try result.get()
            })
    }
}
