internal import Dockerfile
internal import OCISpec
internal import Support

/// Which stages a build needs, and which of them wait for which.
struct BuildPlan {
    /// Where a name leads.
    enum Source: Hashable {
        case stage(Int)
        case context(String)
        case image(String)
        case scratch
    }

    /// A stage that is needed.
    struct Node {
        let stage: Stage
        let base: Source
        /// Stages that must be there first.
        let needs: Set<Int>
        /// The platform of its FROM, where it names one.
        let platform: Platform?
    }

    /// By the stage's number.
    private(set) var nodes: [Int: Node] = [:]
    /// The stage that is the image.
    let target: Int
    private let request: BuildRequest
    /// ARGs before the first FROM with their values.
    let globals: BuildVariables

    init(_ request: BuildRequest) throws {
        self.request = request
        globals = try BuildVariables(globals: request)
        target = try Self.target(request)
        var open = [target]
        while let index = open.popLast() {
            if nodes[index] != nil { continue }
            let node = try node(request.dockerfile.stages[index])
            nodes[index] = node
            open += node.needs
        }
    }

    private static func target(_ request: BuildRequest) throws -> Int {
        let stages = request.dockerfile.stages
        guard let wanted = request.target else { return stages.count - 1 }
        if let found = stages.first(where: { $0.name == wanted.lowercased() }) { return found.index }
        if let number = Int(wanted), stages.indices.contains(number) { return number }
        let names = stages.compactMap(\.name)
        throw RuntimeError(
            .notFound,
            "no stage \"\(wanted)\" in \(request.dockerfile.file)"
                + (names.isEmpty ? "" : " (there are: \(names.joined(separator: ", ")))"))
    }

    private func node(_ stage: Stage) throws -> Node {
        let file = request.dockerfile.file
        do {
            let lexer = request.dockerfile.lexer
            let base = try lexer.expand(stage.base, globals.value)
            guard !base.isEmpty else {
                throw stage.from.error(
                    "the image's name is empty: \(stage.base) has no value", file: file, word: stage.base)
            }
            let platform = try stage.platform.map { try lexer.expand($0, globals.value) }.flatMap {
                $0.isEmpty ? nil : $0
            }
            let source = source(base, before: stage.index)
            var needs: Set<Int> = []
            if case .stage(let index) = source { needs.insert(index) }
            for name in Self.references(stage) {
                if case .stage(let index) = self.source(name, before: stage.index) { needs.insert(index) }
            }
            return Node(stage: stage, base: source, needs: needs, platform: try platform.map { try Platform($0) })
        } catch let error as DockerfileError {
            throw error
        } catch {
            throw stage.from.error("\(error)", file: file)
        }
    }

    /// What `--from` names in a stage; a name with a variable is looked up when the step is carried out.
    private static func references(_ stage: Stage) -> [String] {
        stage.instructions.flatMap { instruction -> [String] in
            switch instruction.kind {
            case .copy(let copy): [copy.from].compactMap(\.self)
            case .run(let run): run.mounts.map(\.from).filter { !$0.isEmpty }
            default: []
            }
        }
    }

    /// Where a name leads, seen from a stage: a named context, an earlier stage, or an image.
    func source(_ name: String, before index: Int) -> Source {
        if request.contexts[name] != nil { return .context(name) }
        if name == "scratch" { return .scratch }
        let stages = request.dockerfile.stages[..<index]
        if let stage = stages.last(where: { $0.name == name.lowercased() }) { return .stage(stage.index) }
        if let number = Int(name), stages.indices.contains(number) { return .stage(number) }
        return .image(name)
    }
}
