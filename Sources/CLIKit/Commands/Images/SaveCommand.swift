internal import ArgumentParser
internal import ContainerService
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// `hako save`.
struct SaveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save", abstract: "Write images into a tar file.",
        discussion: """
            The file is an OCI layout and what `docker load` reads, in one.

            Examples:
              hako save -o images.tar busybox debian:12
              hako save busybox | ssh host hako load
            """)

    @OptionGroup var globals: GlobalOptions

    @Option(name: [.short, .long], help: ArgumentHelp("The file, instead of the standard output.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Platform, such as linux/arm64/v8.", valueName: "os/arch[/variant]"))
    var platform: String?

    @Argument(help: "Names, ids or their beginnings.")
    var images: [String]

    func run() throws {
        let wanted = try platform.map { try Platform($0) }
        let service = try Engine(globals, runs: false).imageService
        try ArchiveOutput.write(to: output) { file in try service.save(images, platform: wanted, to: file) }
    }
}

/// Where an archive goes.
enum ArchiveOutput {
    /// Lets `body` write a file, which appears whole or not at all, or the standard output, which must be no terminal.
    static func write(to path: String?, _ body: (borrowing Descriptor) throws -> Void) throws {
        guard let path else {
            if Console.isTerminal {
                throw RuntimeError(
                    .invalidArgument, "refusing to write an archive to a terminal: use -o, or redirect it")
            }
            return try body(Descriptor(owning: try check("dup", "the standard output") { dup(1) }))
        }
        // What is no file, such as a device or a pipe, is written as it is.
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            return try body(try Descriptor.open(path, O_WRONLY))
        }
        let staged = "\(path).tmp.\(getpid())"
        do {
            try body(try Descriptor.open(staged, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600))
            try check("rename", path) { rename(staged, path) }
        } catch {
            unlink(staged)
            throw error
        }
    }
}
