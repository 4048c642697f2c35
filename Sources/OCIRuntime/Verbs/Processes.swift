internal import Cgroups
internal import Glibc
internal import JSON
internal import Linux
internal import ProcessIO
internal import Support

extension RuntimeProgram {
    /// Prints the container's processes: their pids as JSON, or their lines of what the host's ps prints.
    ///
    /// What follows the id is for ps; `-ef` where nothing does.
    func processes(_ arguments: Arguments, _ states: StateDirectory) throws {
        let format = arguments["format"] ?? "table"
        guard format == "table" || format == "json" else {
            throw RuntimeError(.invalidArgument, "option --format: \"\(format)\" is neither table nor json")
        }
        let pids = try states.load(arguments.positionals[0]).cgroup.processes()
        if format == "json" {
            let text = JSONWriter.text { writer in
                // As Go has it for a list that nothing was put into.
                if pids.isEmpty { return writer.null() }
                writer.array { array in for pid in pids { array.integer(pid) } }
            }
            return Output.print(text + [UInt8(ascii: "\n")])
        }
        let words = arguments.positionals.dropFirst()
        let listing = try hostListing(words.isEmpty ? ["-ef"] : Array(words))
        Output.print(try ProcessTable.lines(of: Set(pids), in: listing).map { "\($0)\n" }.joined())
    }

    /// What ps prints; its own error where it fails.
    private func hostListing(_ options: [String]) throws -> String {
        let environment = Self.environment()
        let search = environment.first { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/bin:/bin"
        let candidates = search.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/ps" }
        guard let path = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw RuntimeError(.notFound, "ps is not in $PATH (use --format json)")
        }
        var program = ChildProgram(path: path, arguments: options, environment: environment)
        let output = try Descriptor.socketPair()
        program.output = output.second.rawValue
        program.error = output.second.rawValue
        let pid = try program.spawn()
        var text: [UInt8] = []
        try output.split { first, second in
            _ = consume second
            text = try first.readAll(limit: 64 << 20, path)
        }
        let status = try waitForChild(pid)
        let listing = String(decoding: text, as: UTF8.self)
        guard status.code == 0 else {
            throw RuntimeError(.invalidArgument, "\(path): exit code \(status.code): \(listing)")
        }
        return listing
    }

    /// This process's environment, as `NAME=VALUE`.
    private static func environment() -> [String] {
        let bytes = (try? readFile("/proc/self/environ", limit: 8 << 20)) ?? []
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A table that ps printed.
enum ProcessTable {
    /// The heading and the lines of some processes.
    ///
    /// - Throws: `invalidArgument` for a table without a column `PID`.
    static func lines(of pids: Set<Int32>, in listing: String) throws(RuntimeError) -> [String] {
        let lines = listing.split(separator: "\n")
        let words = { (line: Substring) in line.split { $0 == " " || $0 == "\t" } }
        guard let heading = lines.first, let column = words(heading).firstIndex(of: "PID") else {
            throw RuntimeError(.invalidArgument, "couldn't find PID field in ps output")
        }
        return [String(heading)]
            + lines.dropFirst().filter { line in
                let cells = words(line)
                return cells.count > column && Int32(cells[column]).map(pids.contains) == true
            }.map(String.init)
    }
}
