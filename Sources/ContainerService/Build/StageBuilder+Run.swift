internal import ContentStore
internal import Dockerfile
internal import Glibc
internal import Linux
internal import OCISpec
internal import ProcessIO
internal import Snapshots
internal import Support

extension StageBuilder {
    /// RUN: a container over the layers so far; what it writes is the layer.
    mutating func carryOut(_ run: RunInstruction, _ instruction: Instruction) throws {
        guard run.security == "sandbox" else {
            throw RuntimeError(.unsupported, "--security=insecure: steps of a build get no further privileges")
        }
        let arguments = try arguments(of: run)
        let mounts = try run.mounts.map(expanded)
        let container = ContainerPlan(
            arguments: arguments, environment: environment(state.variables.commandArguments),
            network: run.network == "default" ? session.request.network : run.network == "none" ? .none : .host)
        let builder = self
        let script = try script(of: run)
        try builder.withMounts(mounts, [script].compactMap(\.self)) { prepared in
            let key = try builder.key(container, prepared)
            try layer(key: key, text: instruction.text, scaffolded: true) { builder, draft in
                try builder.run(container, prepared, draft)
            }
        }
    }

    /// What the container executes, besides the stage's own settings.
    struct ContainerPlan {
        let arguments: [String]
        let environment: [String]
        let network: ContainerSpecification.Network
    }

    private func arguments(of run: RunInstruction) throws -> [String] {
        switch run.command {
        case .exec(let words):
            guard !words.isEmpty else { throw RuntimeError(.invalidArgument, "RUN with an empty list") }
            return words
        case .shell(let line):
            guard let first = run.heredocs.first else { return state.shell + [line] }
            // A document alone is the script; behind a command the shell reads it as its own.
            if isAlone(run, line) {
                return first.content.hasPrefix("#!") ? [Self.scriptPlace] : state.shell + [first.content]
            }
            let documents = run.heredocs.map { "\n\($0.content)\($0.name)" }.joined()
            return state.shell + [line + documents]
        }
    }

    private func isAlone(_ run: RunInstruction, _ line: String) -> Bool {
        run.heredocs.count == 1 && line.hasPrefix("<<") && !line.contains { $0 == " " || $0 == "\t" }
    }

    /// Where a script with an interpreter of its own is shown: on the memory file system of the devices, so that nothing
    /// of it comes into the layer.
    private static let scriptPlace = "/dev/build-script"

    /// The mount of a script that begins with `#!`; nil for another command.
    private func script(of run: RunInstruction) throws -> PreparedStepMount? {
        guard case .shell(let line) = run.command, isAlone(run, line), let text = run.heredocs.first?.content,
            text.hasPrefix("#!")
        else { return nil }
        let path = "\(try session.scratch("script"))/text"
        try writeAtomically(Array(text.utf8), to: path, mode: 0o755, durable: false)
        try check("chmod", path) { chmod(path, 0o755) }
        return PreparedStepMount(
            mount: .init(source: .bind(path: path, create: false), destination: Self.scriptPlace, options: ["ro"]),
            target: Self.scriptPlace, isFile: true, key: "script \(text)")
    }

    /// ENV, and ARGs as variables.
    private func environment(_ arguments: [(name: String, value: String)]) -> [String] {
        state.variables.list + arguments.map { "\($0.name)=\($0.value)" }
    }

    private func key(_ container: ContainerPlan, _ mounts: [PreparedStepMount]) throws -> String {
        var key = CacheKey("run")
        key.add("chain", state.chain)
        key.add("date", "\(session.request.sourceDate)")
        key.add("platform", state.platform.description)
        key.add("arguments", container.arguments)
        key.add("environment", environment(state.variables.cachedArguments))
        key.add("folder", state.process.workingFolder)
        key.add("user", state.process.user)
        key.add("network", container.network.rawValue)
        for mount in mounts { key.add("mount", mount.key) }
        return try key.finish()
    }

    private func run(_ container: ContainerPlan, _ mounts: [PreparedStepMount], _ draft: LayerDraft) throws {
        var specification = ContainerSpecification(image: "")
        specification.entrypoint = container.arguments
        specification.environment = container.environment + mounts.compactMap(\.variable)
        specification.workingFolder = state.process.workingFolder.isEmpty ? "/" : state.process.workingFolder
        specification.user = state.process.user
        specification.hostname = "build"
        specification.network = container.network
        specification.mounts = mounts.compactMap(\.mount)
        let step = step
        let progress = session.progress
        let work = StepContainer(session: session, specification: specification)
        let status = try work.run(draft, upon: state.places, files: mounts.filter(\.isFile).map(\.target)) { bytes in
            progress(.output(step, bytes))
        }
        try session.checkCancelled()
        guard status == .exited(0) else {
            let shown = container.arguments.joined(separator: " ")
            throw RuntimeError(
                .invalidState, "the command '\(shown.prefix(400))' returned a non-zero code: \(status.code)")
        }
    }
}
