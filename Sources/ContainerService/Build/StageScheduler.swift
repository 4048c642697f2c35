internal import ContentStore
internal import Dispatch
internal import Dockerfile
internal import Linux
internal import OCISpec
internal import Snapshots
internal import Support
internal import Synchronization

/// Builds the stages of a plan, each on a thread of its own as soon as those that it needs are done.
final class StageScheduler: Sendable {
    private let session: BuildSession
    private let shared = Mutex(Shared())
    private let changed = DispatchSemaphore(value: 0)
    /// Stages whose layers become a part of the image.
    private let packed: Set<Int>

    private struct Shared {
        var done: [Int: StageState] = [:]
        var running: Set<Int> = []
        var failure: (any Error)?
    }

    init(_ session: BuildSession) {
        self.session = session
        var packed: Set<Int> = []
        var next: Int? = session.plan.target
        while let index = next, packed.insert(index).inserted {
            next = if case .stage(let base)? = session.plan.nodes[index]?.base { base } else { nil }
        }
        self.packed = packed
    }

    /// Returns what the target stage came to. After a failure nothing new is begun and what runs is ended.
    func run() throws -> StageState {
        while true {
            let ready = shared.withLock { shared -> [Int] in
                guard shared.failure == nil else { return [] }
                let open = session.plan.nodes.values.filter { node in
                    let index = node.stage.index
                    return shared.done[index] == nil && !shared.running.contains(index)
                        && node.needs.allSatisfy { shared.done[$0] != nil }
                }
                let room = max(0, session.request.parallelStages - shared.running.count)
                let chosen = open.map(\.stage.index).sorted().prefix(room)
                shared.running.formUnion(chosen)
                return Array(chosen)
            }
            for index in ready {
                do {
                    try begin(index)
                } catch {
                    shared.withLock { shared in
                        shared.running.remove(index)
                        shared.failure = shared.failure ?? error
                    }
                }
            }
            let state = shared.withLock { ($0.failure, $0.running.isEmpty, $0.done[session.plan.target]) }
            if let failure = state.0, state.1 { throw failure }
            if let target = state.2, state.1 { return target }
            changed.wait()
        }
    }

    private func begin(_ index: Int) throws {
        try startThread { [self] in
            let result = Result { try build(index) }
            let isFirst = shared.withLock { shared in
                shared.running.remove(index)
                switch result {
                case .success(let state): shared.done[index] = state
                case .failure(let error):
                    if shared.failure == nil {
                        shared.failure = error
                        return true
                    }
                }
                return false
            }
            if isFirst { session.cancel() }
            changed.signal()
        }
    }

    private func build(_ index: Int) throws -> StageState {
        guard let node = session.plan.nodes[index] else { throw RuntimeError(.internal, "no stage \(index)") }
        let done = shared.withLock { $0.done }
        let base = try StageBase(session).make(node, done)
        var builder = StageBuilder(
            session, node, upon: base, stages: done, packs: packed.contains(index), numbers: numbers(index))
        return try builder.run()
    }

    /// The number of a stage's first step over all stages that are built, and how many it has; FROM counts.
    private func numbers(_ index: Int) -> (first: Int, count: Int) {
        let earlier = session.plan.nodes.values.filter { $0.stage.index < index }
        let own = session.plan.nodes[index]?.stage.instructions.count ?? 0
        return (1 + earlier.reduce(0) { $0 + $1.stage.instructions.count + 1 }, own + 1)
    }
}

/// What a stage starts from.
struct StageBase {
    private let session: BuildSession

    init(_ session: BuildSession) {
        self.session = session
    }

    func make(_ node: BuildPlan.Node, _ done: [Int: StageState]) throws -> StageState {
        let platform = node.platform ?? session.request.platform ?? .host
        switch node.base {
        case .scratch:
            return StageState(variables: session.plan.globals.stage(environment: []), platform: platform)
        case .stage(let index):
            guard var state = done[index] else { throw RuntimeError(.internal, "stage \(index) is not done") }
            state.variables = session.plan.globals.stage(environment: state.variables.list, from: state.variables)
            return state
        case .context(let name):
            throw node.stage.from.error(
                "FROM can't take the context \(name): it is a folder and no image",
                file: session.request.dockerfile.file)
        case .image(let name): return try image(name, node, platform)
        }
    }

    private func image(_ name: String, _ node: BuildPlan.Node, _ platform: Platform) throws -> StageState {
        do {
            let image = try session.image(name, platform: node.platform ?? session.request.platform)
            return try state(image)
        } catch let error as RuntimeError {
            let fault = node.stage.from.error("\(error)", file: session.request.dockerfile.file, word: node.stage.base)
            throw RuntimeError(error.code, "\(fault)")
        }
    }

    private func state(_ image: Image) throws -> StageState {
        let configuration = image.configuration
        var state = StageState(
            variables: session.plan.globals.stage(environment: configuration.process.environment),
            platform: configuration.platform)
        let chain = try chainIDs(configuration.diffIDs)
        for (number, diffID) in configuration.diffIDs.enumerated() {
            state.layers.append(
                StageLayer(
                    diffID: diffID, chainID: chain[number], place: .committed(chain[number].hex),
                    blob: image.manifest.layers[number]))
        }
        state.process = configuration.process
        state.history = configuration.history
        state.author = configuration.author
        return state
    }
}
