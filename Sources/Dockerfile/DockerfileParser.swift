internal import Support

/// Puts the instructions of a file into stages.
struct DockerfileParser {
    let directives: Directives
    private(set) var arguments: [(argument: Argument, instruction: Instruction)] = []
    private(set) var stages: [Stage] = []
    private let file: String
    private var reader: LineReader
    private let parser: InstructionParser

    init(_ directives: Directives, _ lines: [String], file: String) {
        self.directives = directives
        self.file = file
        reader = LineReader(lines, escape: directives.escape, file: file)
        parser = InstructionParser(escape: directives.escape, file: file)
    }

    mutating func run() throws {
        var count = 0
        while let line = try reader.read() {
            count += 1
            guard count <= Dockerfile.instructions else {
                throw DockerfileError(
                    "more than \(Dockerfile.instructions) instructions", file: file, line: line.line,
                    code: .resourceExhausted)
            }
            if parser.keyword(of: line) == "FROM" { try begin(line) } else { try add(parser.parse(line)) }
        }
        guard !stages.isEmpty else {
            throw DockerfileError(count == 0 ? "it has no instructions" : "it has no FROM", file: file, line: 0)
        }
    }

    private mutating func add(_ instruction: Instruction) throws {
        if let last = stages.indices.last { return stages[last].instructions.append(instruction) }
        guard case .arguments(let list) = instruction.kind else {
            throw instruction.error("\(instruction.keyword) stands before the first FROM; only ARG may", file: file)
        }
        arguments += list.map { ($0, instruction) }
    }

    private mutating func begin(_ line: LogicalLine) throws {
        let head = try parser.parseFrom(line)
        let name = head.name?.lowercased()
        if let name, let other = stages.first(where: { $0.name == name }) {
            throw head.instruction.error(
                "the name \(name) is stage \(other.index)'s already (line \(other.from.line))", file: file,
                word: head.name)
        }
        stages.append(
            Stage(
                index: stages.count, name: name, base: head.base, platform: head.platform, from: head.instruction))
    }
}
