internal import ArgumentParser
internal import ContainerService
internal import Linux
internal import Support

/// `hako rm`.
struct RemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove containers.",
        discussion: """
            Examples:
              hako rm box
              hako rm -f $(hako ps -aq)
            """)

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Kill what runs first.")
    var force = false

    @Argument(help: "Names, ids or their beginnings.")
    var containers: [String]

    func run() throws {
        let engine = try Engine(globals)
        try EachArgument.run("rm", containers) { reference in
            do {
                try engine.containers.remove(reference, force: force)
            } catch let error as RuntimeError where force && error.code == .notFound {
                Console.error("rm: \(error)")
                return
            }
            Console.line(reference)
        }
    }
}

/// `hako kill`.
struct KillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Send a signal to running containers.")

    @OptionGroup var globals: GlobalOptions

    @Option(name: [.short, .long], help: ArgumentHelp("The signal, by name or number.", valueName: "signal"))
    var signal = "KILL"

    @Argument(help: "Names, ids or their beginnings.")
    var containers: [String]

    func run() throws {
        guard let number = Signal.number(of: signal) else {
            throw RuntimeError(.invalidArgument, "--signal \"\(signal)\": unknown")
        }
        let engine = try Engine(globals)
        try EachArgument.run("kill", containers) { reference in
            try engine.containers.signal(reference, number)
            Console.line(reference)
        }
    }
}

/// Does something with each argument, going on past failures.
enum EachArgument {
    static func run(_ command: String, _ arguments: [String], _ body: (String) throws -> Void) throws {
        var failed = false
        for argument in arguments {
            do {
                try body(argument)
            } catch {
                Console.error("\(command): \(error)")
                failed = true
            }
        }
        if failed { throw ExitCode(1) }
    }
}
