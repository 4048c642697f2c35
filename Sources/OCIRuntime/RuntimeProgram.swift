internal import CLinux
internal import Glibc
public import Isolation
internal import Linux
internal import OCISpec
internal import Support

/// An OCI runtime's command line over one isolation: what a program such as `hako-native` is, but for its main.
///
/// Verbs, options, exit codes and log lines are runc's, since podman, containerd and dockerd read them.
/// One thread; it forks. See the runtime specification's runtime.md for the verbs.
public struct RuntimeProgram<Chosen: Isolation> {
    let isolation: Chosen
    let name: String
    private let sealFailure: Int32
    /// The file of `--log`.
    private(set) var log: LogFile?
    /// New containers are scopes of systemd's (`--systemd-cgroup`).
    private(set) var usesSystemd = false

    /// A program called `name` over an isolation.
    ///
    /// - Parameter sealFailure: why its file is not sealed against containers, where it is not: an errno of `CStart`.
    public init(_ isolation: Chosen, name: String, sealFailure: Int32) {
        self.isolation = isolation
        self.name = name
        self.sealFailure = sealFailure
    }

    /// Runs the command line (without the program's name).
    ///
    /// - Returns: the exit code: 0, the program's own for `run` and `exec`, for a failure 1 (in `exec` 255), which has
    ///   been told on stderr and in the log file.
    public func main(_ words: [String]) -> Int32 {
        var program = self
        do {
            try Executable.seal(words, failure: sealFailure)
            var rest: ArraySlice<String> = []
            let global = try Arguments(words[...], options: Verb.global, stopsAtPositional: true, rest: &rest)
            let format = try LogFile.Format(option: global["log-format"])
            program.log = try global["log"].map { try LogFile($0, format: format) }
            program.usesSystemd = global.has("systemd-cgroup")
            return try program.dispatch(global, rest)
        } catch {
            program.report(error)
            return 1
        }
    }

    private func dispatch(_ global: Arguments, _ words: ArraySlice<String>) throws -> Int32 {
        if global.has("version") {
            Output.print(versionText)
            return 0
        }
        guard let word = words.first, word != "help" else {
            Output.print(Verb.help(program: name))
            return words.isEmpty && !global.has("help") ? 1 : 0
        }
        guard let verb = Verb.all.first(where: { $0.name == word }) else {
            throw RuntimeError(.invalidArgument, "unknown verb \(word) (see \(name) --help)")
        }
        let asksForHelp = words.dropFirst().prefix { !verb.takesCommand || $0.hasPrefix("-") }
        if global.has("help") || asksForHelp.contains(where: { $0 == "--help" || $0 == "-h" }) {
            Output.print(verb.help(program: name))
            return 0
        }
        var rest: ArraySlice<String> = []
        let arguments = try Arguments(
            words.dropFirst(), options: verb.options, stopsAtPositional: verb.takesCommand, rest: &rest)
        if verb.takesCommand && arguments.positionals.isEmpty {
            throw RuntimeError(.invalidArgument, "container ID is missing (see --help)")
        }
        do {
            let states = StateDirectory(
                root: try global["root"] ?? Rootless.stateRoot(), isChosen: global["root"] != nil,
                rootless: try Rootless(global["rootless"]))
            return try perform(verb, arguments, states)
        } catch {
            report(error)
            return verb.failureCode
        }
    }

    private func perform(_ verb: Verb, _ arguments: Arguments, _ states: StateDirectory) throws -> Int32 {
        if verb.name == "create" || verb.name == "run" { try closeInherited(arguments) }
        switch verb.name {
        case "create": try create(arguments, states)
        case "start": try start(arguments, states)
        case "run": return try run(arguments, states)
        case "exec": return try exec(arguments, states)
        case "state": try state(arguments, states)
        case "kill": try kill(arguments, states)
        case "delete": try delete(arguments, states)
        case "list": try list(arguments, states)
        case "ps": try processes(arguments, states)
        case "pause": try pause(arguments, states)
        case "resume": try resume(arguments, states)
        case "update": try update(arguments, states)
        case "events": try events(arguments, states)
        case "checkpoint": try checkpoint(arguments, states)
        case "restore": return try restore(arguments, states)
        case "spec": try spec(arguments)
        default: Output.print(isolation.features.json(indent: 4) + [UInt8(ascii: "\n")])
        }
        return 0
    }

    /// Closes what a careless caller left open. The container's process must not hold it even while it waits for
    /// start: whoever may trace it could take it. Nothing of ours is open yet.
    private func closeInherited(_ arguments: Arguments) throws {
        let first = UInt32(3 + (try arguments.number("preserve-fds", 0...1000) ?? 0))
        try check("close_range") { cl_close_range(first, UInt32.max, 0) }
    }

    private var versionText: String {
        "\(name) version \(hakoVersion)\nspec: 1.3.0\n"
    }

    private func report(_ error: any Error) {
        let text = oneLine("\(error)")
        log?.append(text, level: "error")
        Output.printError("\(name): \(text)\n")
    }

    /// Puts what need not trouble a person into the log, where there is one.
    func note(_ message: String) {
        log?.append(oneLine(message), level: "warning")
    }

    /// Tells what the caller should know although the verb goes on: in the log, or on stderr where there is none.
    func warn(_ message: String) {
        let text = oneLine(message)
        if let log { return log.append(text, level: "warning") }
        Output.printError("\(name): warning: \(text)\n")
    }
}
