internal import ArgumentParser
internal import ContainerService
internal import ProcessIO
internal import Support

/// `hako run`.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a program of an image in a new container.",
        discussion: """
            Pulls the image where it is missing. What stands after IMAGE is the program's.
            Returns the program's exit code; 128 and the signal's number where a signal ended it; 125 where hako
            failed, 126 where the program can't be executed, 127 where it isn't there.

            The network is "none" (loopback only) unless --network host is given; others come with the daemon.

            Examples:
              hako run --rm docker.io/library/alpine echo hi
              hako run --rm -it -v "$PWD:/work" -w /work debian bash
              hako run --rm --memory 256m --cpus 0.5 --pids-limit 64 python python3 -c 'print(1)'
            """, helpNames: .long)

    @OptionGroup var globals: GlobalOptions

    @OptionGroup var request: ContainerRequest

    func run() throws {
        let wanted = try request.specification()
        if wanted.terminal && wanted.interactive && !isTerminal(0) {
            throw RuntimeError(.invalidArgument, "-t with -i: the input is not a TTY (a terminal)")
        }
        let engine = try Engine(globals)
        let image = try request.image(of: engine)
        // From here on a signal is the container's.
        let signals = try SignalPipe.frontEnd()
        let made = try engine.containers.create(wanted, image: image)
        throw ExitCode(try Attendance.run(made, signals, interactive: wanted.interactive, engine: engine))
    }
}

/// Starting a container in the foreground and looking after it.
enum Attendance {
    /// Returns the exit code.
    static func run(
        _ made: OwnedContainer, _ signals: borrowing SignalPipe, interactive: Bool, engine: Engine
    ) throws -> Int32 {
        let input: Int32? = interactive ? 0 : nil
        do {
            try engine.containers.start(made, io: .init(input: input, output: 1, error: 2))
        } catch {
            Console.error("run: \(error)")
            return ContainerService.exitCode(ofStartFailure: error)
        }
        return try engine.containers.wait(made, signals: signals, input: input, output: 1).code
    }
}

extension ImageOptions {
    /// The image that these options ask for.
    func image(_ reference: String, engine: Engine, quiet: Bool) throws -> ContainerImage {
        let policy = try pull.map { text in
            guard let known = PullPolicy(rawValue: text) else {
                throw RuntimeError(.invalidArgument, "--pull \"\(text)\": known are missing, always and never")
            }
            return known
        }
        let display = PullDisplay(quiet: quiet)
        defer { display.finish() }
        return try engine.images.ensure(reference, platform: platform, policy: policy ?? .missing, progress: display)
    }
}
