internal import ArgumentParser
internal import ContainerService
internal import Support

/// `hako system check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look whether images, layers and the database are whole.",
        discussion: """
            Hashes every blob and compares every unpacked layer with its blob. Exits 1 where something is wrong that was
            not put right.

            Example:
              hako system check --repair
            """)

    @OptionGroup var globals: GlobalOptions

    @Flag(help: "Look at sizes only, and hash no more than documents.")
    var quick = false

    @Flag(help: "Fetch what is damaged from where it came, and unpack layers again.")
    var repair = false

    @Flag(name: [.short, .long], help: "Print problems only.")
    var quiet = false

    func run() throws {
        let service = try Engine(globals, runs: false).imageService
        let (full, repair) = (!quick, repair)
        let report = try waitFor {
            let result: Result<StoreCheck, any Error>
            do { result = .success(try await service.checkStore(full: full, repair: repair)) } catch {
                result = .failure(error)
            }
            await service.shutdown()
            return try result.get()
        }
        for problem in report.problems {
            let users = problem.images.isEmpty ? "" : " (of \(problem.images.joined(separator: ", ")))"
            let remedy = problem.remedy.map { ": \($0)" } ?? ""
            Console.line("\(problem.item): \(problem.fault)\(users)\(remedy)")
        }
        if !quiet {
            let (found, left) = (report.problems.count, report.open.count)
            Console.line(
                "\(report.blobs) blobs, \(report.layers) layers: \(found == 0 ? "all good" : "\(found) problems, \(left) left")"
            )
        }
        if !report.open.isEmpty { throw ExitCode(1) }
    }
}
