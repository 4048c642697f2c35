internal import ArgumentParser

/// Asks before something is removed for good.
enum Confirmation {
    /// Shows a warning and waits for `y`; anything else, the end of the input too, ends the command.
    static func ask(_ warning: String) throws {
        Console.note("WARNING! \(warning)\nAre you sure you want to continue? [y/N] ")
        let answer = readLine()?.lowercased() ?? ""
        guard answer == "y" || answer == "yes" else { throw ExitCode(1) }
    }
}
