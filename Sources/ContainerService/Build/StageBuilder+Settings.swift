internal import Dockerfile
internal import JSON
internal import Linux
internal import OCISpec
internal import Snapshots
internal import Support

extension StageBuilder {
    /// Carries out an instruction that changes the image's configuration only.
    mutating func set(_ instruction: Instruction) throws {
        switch instruction.kind {
        case .arguments(let list):
            for argument in list { state.variables.declare(argument.name, try argument.value.map(expand)) }
        case .environment(let pairs):
            // All of one instruction see what was before it.
            let values = try pairs.map { (try expand($0.name), try expand($0.value)) }
            for (name, value) in values { state.variables.set(name, value) }
        case .labels(let pairs):
            for pair in pairs { state.process.labels[try expand(pair.name)] = try expand(pair.value) }
        case .maintainer(let name): state.author = name
        case .command(let form):
            state.process.command = words(form)
            state.hasOwnCommand = true
        case .entrypoint(let form):
            state.process.entrypoint = words(form)
            if !state.hasOwnCommand { state.process.command = [] }
        case .user(let user): state.process.user = try expand(user)
        case .expose(let ports): try expose(ports)
        case .volumes(let paths):
            for path in try paths.map(expand) {
                guard !path.isEmpty else { throw RuntimeError(.invalidArgument, "VOLUME with an empty path") }
                insert(path, &state.process.volumes)
            }
        case .stopSignal(let signal):
            let signal = try expand(signal)
            guard Signal.number(of: signal) != nil else {
                throw RuntimeError(.invalidArgument, "unknown signal \"\(signal)\"")
            }
            state.process.stopSignal = signal
        case .shell(let words): state.process.shell = words
        case .healthcheck(let check): state.process.healthcheck = text(check)
        case .onBuild(let text): state.process.onBuild.append(text)
        case .run, .copy, .workingFolder: break
        }
    }

    private func words(_ form: CommandForm) -> [String] {
        switch form {
        case .exec(let words): words
        case .shell(""): []
        case .shell(let line): state.shell + [line]
        }
    }

    private func insert(_ name: String, _ names: inout [String]) {
        if !names.contains(name) { names = (names + [name]).sorted() }
    }

    /// `80`, `80/udp`, `8000-8002`.
    private mutating func expose(_ ports: [String]) throws {
        let variables = state.variables
        for port in try ports.flatMap({ try lexer.expandWords($0, variables.value) }) {
            let parts = port.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let kind = parts.count > 1 ? parts[1].lowercased() : "tcp"
            let range = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            guard ["tcp", "udp", "sctp"].contains(kind), let low = UInt16(range[0]),
                let high = UInt16(range[range.count - 1]),
                low > 0, low <= high
            else { throw RuntimeError(.invalidArgument, "port \"\(port)\" is none of 80, 80/udp and 8000-8010") }
            for number in low...high { insert("\(number)/\(kind)", &state.process.exposedPorts) }
        }
    }

    private func text(_ check: Healthcheck) -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                switch check.command {
                case nil: object.member("Test", ["NONE"])
                case .exec(let words): object.member("Test", ["CMD"] + words)
                case .shell(let line): object.member("Test", ["CMD-SHELL", line])
                }
                for (name, value) in [
                    ("Interval", check.interval), ("Timeout", check.timeout), ("StartPeriod", check.startPeriod),
                    ("StartInterval", check.startInterval),
                ] where value > 0 { object.member(name, value) }
                if check.retries > 0 { object.member("Retries", check.retries) }
            }
        }
    }

    /// WORKDIR: the folder is made where it is missing, which is a layer then.
    mutating func setWorkingFolder(_ path: String, _ instruction: Instruction) throws {
        let path = try expand(path)
        let whole = Self.absolute(path, from: state.process.workingFolder)
        state.process.workingFolder = whole
        var key = CacheKey("workdir")
        key.add("chain", state.chain)
        key.add("date", "\(session.request.sourceDate)")
        key.add("path", whole)
        try layer(key: key.finish(), text: instruction.text) { builder, draft in
            try builder.withRoot(draft) { root in _ = try root.openMakingDirectories(whole) }
        }
    }

    /// An absolute path without `.`, `..` and double slashes.
    static func absolute(_ path: String, from folder: String) -> String {
        var parts: [Substring] = []
        for part in "\(path.hasPrefix("/") ? "" : folder)/\(path)".split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Runs `body` with a draft mounted over the stage's layers.
    func withRoot<T>(_ draft: LayerDraft, _ body: (borrowing RootDirectory) throws -> T) throws -> T {
        let path = try session.scratch("root")
        try session.drafts.mount(draft, upon: state.places, at: path)
        defer { try? session.drafts.unmount(at: path) }
        return try body(try RootDirectory(opening: path))
    }
}
