internal import ArgumentParser
internal import ContainerService
internal import ProcessIO
internal import Support

/// `hako create`.
struct CreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a container without starting it, and print its id.", helpNames: .long)

    @OptionGroup var globals: GlobalOptions

    @OptionGroup var request: ContainerRequest

    func run() throws {
        let wanted = try request.specification()
        let engine = try Engine(globals)
        let image = try request.image(of: engine)
        Console.line(try engine.containers.create(wanted, image: image).record.id)
    }
}

/// `hako start`.
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start a container that was made or has ended, in the foreground.",
        discussion: "Returns the program's exit code. A container in the background comes with the daemon.",
        helpNames: .long)

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Pass the standard input on.")
    var interactive = false

    @Flag(name: [.short, .long], help: "Stay attached; always so for now.")
    var attach = false

    @Argument(help: "A name, an id or its beginning.")
    var container: String

    func run() throws {
        let engine = try Engine(globals)
        let signals = try SignalPipe.frontEnd()
        let made = try engine.containers.open(container)
        let passes = interactive || made.record.specification.interactive
        throw ExitCode(try Attendance.run(made, signals, interactive: passes, engine: engine))
    }
}
