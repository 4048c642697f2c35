internal import CLinux
internal import Dockerfile
internal import Glibc
internal import OCISpec
internal import Snapshots
internal import Support

/// Carries out one stage's instructions, one after the other, on its own thread.
struct StageBuilder {
    let session: BuildSession
    let node: BuildPlan.Node
    /// The stages that this one needs, done.
    let stages: [Int: StageState]
    /// Whether the layers become a part of the image, and are packed as soon as they are made.
    let packs: Bool
    var state: StageState
    var step = BuildProgress.Step(number: 0, stage: "", place: 0, count: 0, text: "")
    private let numbers: (first: Int, count: Int)

    var lexer: ShellLexer { session.request.dockerfile.lexer }
    var file: String { session.request.dockerfile.file }

    /// - Parameter numbers: of the stage's steps.
    init(
        _ session: BuildSession, _ node: BuildPlan.Node, upon base: StageState, stages: [Int: StageState], packs: Bool,
        numbers: (first: Int, count: Int)
    ) {
        (self.session, self.node, self.stages, self.packs) = (session, node, stages, packs)
        state = base
        self.numbers = numbers
    }

    /// Carries everything out.
    mutating func run() throws -> StageState {
        state.hasOwnCommand = false
        let triggers = state.process.onBuild
        state.process.onBuild = []
        for text in triggers {
            let instruction = try attempt("ONBUILD of the base image") {
                try Dockerfile.instruction(text, file: "ONBUILD")
            }
            try carryOut(instruction, place: 1)
        }
        for (index, instruction) in node.stage.instructions.enumerated() {
            try carryOut(instruction, place: index + 2)
        }
        return state
    }

    private mutating func carryOut(_ instruction: Instruction, place: Int) throws {
        try session.checkCancelled()
        step = BuildProgress.Step(
            number: numbers.first + place - 1, stage: node.stage.name ?? "stage-\(node.stage.index)", place: place,
            count: numbers.count, text: instruction.text)
        session.progress(.started(step))
        let start = Self.seconds()
        do {
            try carryOut(instruction)
        } catch {
            session.progress(.failed(step))
            throw located(error, instruction)
        }
        session.progress(.done(step, seconds: Self.seconds() - start))
    }

    /// The error with the instruction's place, unless it has one.
    private func located(_ error: any Error, _ instruction: Instruction) -> any Error {
        if error is DockerfileError { return error }
        if let error = error as? RuntimeError, error.code == .cancelled { return error }
        let fault = instruction.error(faultReason(error), file: file, word: faultWord(error))
        return RuntimeError((error as? any CodedError)?.runtimeCode ?? .internal, "\(fault)")
    }

    private mutating func carryOut(_ instruction: Instruction) throws {
        switch instruction.kind {
        case .run(let run): try carryOut(run, instruction)
        case .copy(let copy): try carryOut(copy, instruction)
        case .workingFolder(let path): try setWorkingFolder(path, instruction)
        default:
            try set(instruction)
            note(instruction.text, isEmpty: true)
        }
    }

    /// A word with its variables replaced.
    func expand(_ word: String) throws -> String {
        let variables = state.variables
        return try lexer.expand(word, variables.value)
    }

    /// A step of the image's history.
    mutating func note(_ text: String, isEmpty: Bool) {
        var entry = ImageConfiguration.History()
        entry.created = Timestamps.text(session.request.sourceDate)
        entry.createdBy = text
        entry.isEmptyLayer = isEmpty
        state.history.append(entry)
    }

    /// Takes a step's layer from the cache, or makes it.
    ///
    /// - Parameters:
    ///   - key: what the layer depends on.
    ///   - text: the history's.
    ///   - scaffolded: whether places to mount onto are needed.
    ///   - make: writes the layer.
    mutating func layer(
        key: String, text: String, scaffolded: Bool = false, make: (borrowing StageBuilder, LayerDraft) throws -> Void
    ) throws {
        if session.request.usesCache, let record = session.cache.find(key) {
            if record.diffID == nil || session.layer(record) != nil {
                session.progress(.cached(step))
                session.count(cached: true)
                return add(session.layer(record), text)
            }
        }
        session.count(cached: false)
        let draft = try session.drafts.begin(upon: state.places, scaffolded: scaffolded)
        let before = Self.ownership(draft.path)
        try make(self, draft)
        let changed = Self.ownership(draft.path) != before
        let made = try session.finish(draft, upon: state.layers, packs: packs, rootChanged: changed)
        session.cache.note(key, .init(diffID: made?.diffID, chainID: made?.chainID.hex, blob: made?.blob))
        add(made, text)
    }

    private mutating func add(_ layer: StageLayer?, _ text: String) {
        if let layer { state.layers.append(layer) }
        note(text, isEmpty: layer == nil)
    }

    private static func ownership(_ path: String) -> [UInt32] {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        return [status.st_mode, status.st_uid, status.st_gid]
    }

    static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
