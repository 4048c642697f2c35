internal import ArgumentParser
internal import ContainerService
internal import Glibc
internal import Linux
internal import OCISpec
internal import ProcessIO
internal import Support

/// `hako load`.
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Read images from a tar file.",
        discussion: """
            Reads what `save` of hako, docker and podman writes, OCI layouts in a tar, plain or packed with gzip or zstd.

            Examples:
              hako load -i images.tar
              docker save busybox | hako load
            """)

    @OptionGroup var globals: GlobalOptions

    @Option(name: [.short, .long], help: ArgumentHelp("The file, instead of the standard input.", valueName: "file"))
    var input: String?

    @Flag(name: [.short, .long], help: "Show no progress.")
    var quiet = false

    @Option(help: ArgumentHelp("Platform, such as linux/arm64/v8.", valueName: "os/arch[/variant]"))
    var platform: String?

    func run() throws {
        let wanted = try platform.map { try Platform($0) }
        let service = try Engine(globals, runs: false).imageService
        let file = SharedDescriptor(try ArchiveInput.open(input))
        let display = PullDisplay(quiet: quiet)
        defer { display.finish() }
        let shown = input ?? "the standard input"
        try waitFor {
            let result: Result<Void, any Error>
            do {
                try await service.load(
                    try file.duplicate(), shown: shown, platform: wanted, progress: { step in display.show(step) },
                    loaded: { Self.tell($0) })
                result = .success(())
            } catch { result = .failure(error) }
            await service.shutdown()
            return try result.get()
        }
    }

    private static func tell(_ image: LoadedImage) {
        let name = image.name.map { name in (try? ImageReference(name).familiar) ?? name }
        Console.line(name.map { "Loaded image: \($0)" } ?? "Loaded image ID: \(image.identifier)")
    }
}

/// Where an archive comes from.
enum ArchiveInput {
    /// A file, or the standard input for nil and `-`, which must be no terminal.
    static func open(_ path: String?) throws -> Descriptor {
        if let path, path != "-" { return try Descriptor.open(path, O_RDONLY | O_NOCTTY) }
        if isTerminal(0) {
            throw RuntimeError(
                .invalidArgument, "refusing to read an archive from a terminal: name a file, or redirect it")
        }
        return Descriptor(owning: try check("dup", "the standard input") { dup(0) })
    }
}
