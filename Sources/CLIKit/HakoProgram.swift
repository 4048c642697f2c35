internal import ArgumentParser
internal import Support

/// The command line of `hako`.
public enum HakoProgram {
    /// Runs a command; gives back the exit code.
    ///
    /// - Parameter arguments: without the program's name.
    public static func run(_ arguments: [String]) -> Int32 {
        let ordered = ArgumentOrder.normalized(arguments)
        let name = ordered.first { !$0.hasPrefix("-") }
        do {
            var command = try HakoCommand.parseAsRoot(ordered)
            try command.run()
            return 0
        } catch let code as ExitCode {
            return code.rawValue
        } catch let error as RuntimeError {
            Console.error(name.map { "\($0): \(error)" } ?? "\(error)")
            return failureCode(name)
        } catch {
            return report(error, name)
        }
    }

    /// Docker's: 125 where the code of a container's program could be expected, else 1.
    private static func failureCode(_ command: String?) -> Int32 {
        command == "run" || command == "create" || command == "start" ? 125 : 1
    }

    /// Help that was asked for, and the parser's complaints.
    private static func report(_ error: any Error, _ command: String?) -> Int32 {
        guard HakoCommand.exitCode(for: error) != .success else {
            Console.line(HakoCommand.fullMessage(for: error))
            return 0
        }
        let text = HakoCommand.message(for: error)
        let known = command.map { name in HakoCommand.configuration.subcommands.contains { $0._commandName == name } }
        let prefix = known == true ? "\(command ?? ""): " : ""
        let help = known == true ? "hako \(command ?? "") --help" : "hako --help"
        Console.error("\(prefix)\(text.isEmpty ? "\(error)" : text)")
        Console.note("See \"\(help)\".\n")
        return failureCode(command)
    }
}
