internal import ArgumentParser
internal import ContainerService
internal import Support

/// `hako ps`.
struct ContainersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "List containers.",
        discussion: """
            Fields for --format: ID, Image, Command, CreatedAt, RunningFor, Status, State, Names, Pid, ExitCode, Labels.

            Examples:
              hako ps -a
              hako ps -a --format '{{.Names}} {{.Status}}'
              hako ps --format json
            """)

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Those that have ended or were never started too.")
    var all = false

    @Flag(name: [.short, .long], help: "Print ids only.")
    var quiet = false

    @Flag(help: "Print whole ids and commands.")
    var noTrunc = false

    @Option(help: ArgumentHelp("table, json or a template.", valueName: "form"))
    var format: String?

    func run() throws {
        let records = try Engine(globals).containers.list().reversed().filter { all || $0.isRunning }
        if quiet {
            for record in records { Console.line(noTrunc ? record.id : record.shortID) }
            return
        }
        var listing = Listing([
            .init("ID", "CONTAINER ID"), .init("Image", "IMAGE"), .init("Command", "COMMAND"),
            .init("RunningFor", "CREATED"), .init("Status", "STATUS"), .init("Names", "NAMES"), .init("CreatedAt"),
            .init("State"), .init("Pid"), .init("ExitCode"), .init("Labels"),
        ])
        listing.rows = records.map(row)
        try listing.print(format: format)
    }

    private func row(_ record: ContainerRecord) -> [String] {
        let command = record.specification.arguments.joined(separator: " ")
        let shown = noTrunc || command.count <= 20 ? command : "\(command.prefix(19))…"
        var (pid, code) = ("", "")
        if case .running(let number, _) = record.lifecycle { pid = "\(number)" }
        if case .exited(let ending) = record.lifecycle { code = "\(ending.code)" }
        let labels = record.specification.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [
            noTrunc ? record.id : record.shortID, record.specification.image, "\"\(printable(shown))\"",
            "\(Quantities.span(Quantities.now() - record.created)) ago", Self.status(record), record.name,
            "\(record.created)", record.lifecycle.name, pid, code, labels.joined(separator: ","),
        ]
    }

    private static func status(_ record: ContainerRecord) -> String {
        switch record.lifecycle {
        case .created: "Created"
        case .running(_, let since): "Up \(Quantities.span(Quantities.now() - since))"
        case .exited(let ending): "Exited (\(ending.code)) \(Quantities.span(Quantities.now() - ending.at)) ago"
        case .preparing, .starting, .removing, .removed: record.lifecycle.name.capitalizedFirst()
        }
    }
}

extension String {
    func capitalizedFirst() -> String { prefix(1).uppercased() + dropFirst() }
}
