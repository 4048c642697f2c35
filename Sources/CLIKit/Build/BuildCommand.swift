internal import ArgumentParser
internal import ContainerService
internal import Glibc
internal import Linux
internal import OCISpec
internal import ProcessIO
internal import Support

/// `hako build`.
struct BuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build an image from a Dockerfile.",
        discussion: """
            CONTEXT is a folder, an address of a Dockerfile or a tar archive, a git repository, or - for a Dockerfile or an
            archive on the standard input.

            The same files give the same image, byte for byte: times are clamped to SOURCE_DATE_EPOCH (a variable or a build
            argument), which is 1980-01-01 where nothing is said.

            Examples:
              hako build -t box .
              hako build -f other.Dockerfile --build-arg VERSION=3 --target tools .
              hako build --secret id=key,src=key.txt --output type=tar,dest=root.tar .
              tar -c . | hako build -t box -
            """, helpNames: .long)

    @OptionGroup var globals: GlobalOptions
    @OptionGroup var options: BuildOptions

    @Argument(help: ArgumentHelp("What is built from.", valueName: "context"))
    var context: String

    func run() throws {
        try BuildOptions.translating { try build() }
    }

    private func build() throws {
        let outputs = try options.output.map(BuildOutput.init)
        try options.refuseUnsupported()
        let engine = try Engine(globals)
        let input = try BuildInput(context, options, scratch: "\(engine.folders.state)/contexts")
        defer { input.remove() }
        let request = try options.request(input)
        let builder = try engine.makeBuilder()
        defer { builder.shutdown() }
        let display = BuildDisplay(options.progressMode)
        let result: BuildResult
        do {
            result = try Interruption.watching(builder) { try builder.build(request, progress: display.show) }
        } catch {
            display.finish(failed: true)
            throw error
        }
        display.finish(failed: false)
        for output in outputs { try output.write(result, request.tags, builder) }
        if let file = options.iidfile {
            try writeAtomically(Array(result.identifier.description.utf8), to: file, mode: 0o644)
        }
        Console.line(result.identifier.description)
    }
}

/// Signals that end a build in good order: running steps are killed and their mounts taken away.
enum Interruption {
    /// Runs `body` while signals cancel the builder.
    static func watching<T>(_ builder: ImageBuilder, _ body: () throws -> T) throws -> T {
        let signals = try SignalPipe([SIGINT, SIGTERM, SIGHUP].map { UInt8($0) })
        let descriptor = signals.descriptor
        try startThread {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while poll(&waiting, 1, -1) < 0 && errno == EINTR {}
            builder.cancel()
        }
        let result = Result { try body() }
        // The signals are caught until here.
        _ = signals.next()
        return try result.get()
    }
}

/// `hako builder`.
struct BuilderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "builder", abstract: "Look after what builds keep.", subcommands: [BuilderPruneCommand.self])
}

/// `hako builder prune`.
struct BuilderPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Forget the steps of earlier builds, and empty the caches of RUN --mount=type=cache.")

    @OptionGroup var globals: GlobalOptions

    func run() throws {
        let count = try Engine(globals, runs: false).makeBuilder().pruneCache()
        Console.line("Forgot \(count) steps")
    }
}
