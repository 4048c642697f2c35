internal import ArgumentParser
internal import ContainerService
internal import Dockerfile
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// The options of `hako build`, with docker's names.
struct BuildOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("tag")],
        help: ArgumentHelp("Name of the image; may be given several times.", valueName: "name[:tag]"))
    var tag: [String] = []

    @Option(
        name: [.short, .customLong("file")],
        help: ArgumentHelp("The Dockerfile; - is the standard input.", valueName: "file"))
    var file: String?

    @Option(
        name: .customLong("build-arg"),
        help: ArgumentHelp("Value of an ARG; without = from the environment.", valueName: "name=value"))
    var buildArgument: [String] = []

    @Option(
        name: .customLong("build-context"),
        help: ArgumentHelp("A further folder, for COPY --from=name.", valueName: "name=folder"))
    var buildContext: [String] = []

    @Option(help: ArgumentHelp("The stage to build.", valueName: "stage"))
    var target: String?

    @Flag(help: "Carry out every step.")
    var noCache = false

    @Flag(help: "Pull the images of FROM anew.")
    var pull = false

    @Option(help: ArgumentHelp("Platform of the images of FROM.", valueName: "os/arch[/variant]"))
    var platform: String?

    @Option(help: ArgumentHelp("A label of the image.", valueName: "name=value"))
    var label: [String] = []

    @Option(help: ArgumentHelp("Network of RUN: host or none.", valueName: "mode"))
    var network = "host"

    @Option(
        help: ArgumentHelp(
            "A secret for RUN --mount=type=secret: id=NAME,src=FILE or id=NAME,env=VARIABLE.", valueName: "secret"))
    var secret: [String] = []

    @Option(
        name: [.short, .customLong("output")],
        help: ArgumentHelp("What else is written: type=local|tar|oci|docker,dest=PATH.", valueName: "output"))
    var output: [String] = []

    @Option(help: ArgumentHelp("Write the image's ID to a file.", valueName: "file"))
    var iidfile: String?

    @Flag(name: [.short, .long], help: "Show no progress.")
    var quiet = false

    @Option(help: ArgumentHelp("How progress is shown: auto, plain or tty.", valueName: "form"))
    var progress = "auto"

    @Flag(help: ArgumentHelp("Not supported: hako keeps one layer for each step.", visibility: .hidden))
    var squash = false

    @Flag(
        help: ArgumentHelp("Accepted for docker's sake: containers of steps are always removed.", visibility: .hidden))
    var rm = false

    @Flag(help: ArgumentHelp("Accepted for docker's sake.", visibility: .hidden))
    var forceRm = false

    @Flag(help: ArgumentHelp("Accepted for docker's sake: the image is always kept.", visibility: .hidden))
    var load = false

    /// Runs `body`; a fault in a Dockerfile comes out as an error of the command's.
    static func translating(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as DockerfileError {
            throw RuntimeError(error.runtimeCode, "\(error)")
        }
    }

    /// Throws for what is not there.
    func refuseUnsupported() throws {
        if squash {
            throw RuntimeError(
                .unsupported, "--squash: hako keeps one layer for each step; use a last stage with COPY --from")
        }
        guard ["auto", "plain", "tty"].contains(progress) else {
            throw RuntimeError(.invalidArgument, "--progress \"\(progress)\": known are auto, plain and tty")
        }
    }

    var progressMode: BuildDisplay.Mode {
        if quiet { return .none }
        return progress == "tty" || (progress == "auto" && Console.errorIsTerminal) ? .terminal : .plain
    }

    /// The engine's request.
    func request(_ input: BuildInput) throws -> BuildRequest {
        var request = BuildRequest(
            dockerfile: try Dockerfile(input.dockerfile, file: input.dockerfileName), context: input.context)
        request.tags = try tag.map { try ImageReference($0) }
        if let tagged = request.tags.first(where: { $0.digest != nil }) {
            throw RuntimeError(.invalidArgument, "--tag \(tagged): a digest can't be given")
        }
        request.arguments = try Self.values(buildArgument, "--build-arg")
        request.labels = try Self.values(label, "--label")
        request.target = target
        request.usesCache = !noCache
        request.pullsAlways = pull
        request.platform = try platform.map { try Platform($0) }
        request.secrets = try Secrets.read(secret)
        guard let mode = ContainerSpecification.Network(rawValue: network == "default" ? "host" : network) else {
            throw RuntimeError(.invalidArgument, "--network \"\(network)\": known are host and none")
        }
        request.network = mode
        for text in buildContext {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw RuntimeError(.invalidArgument, "--build-context \"\(text)\": not NAME=FOLDER")
            }
            request.contexts[parts[0]] = try BuildInput.folder(parts[1], dockerfile: nil)
        }
        request.sourceDate = try sourceDate(request.arguments)
        return request
    }

    private func sourceDate(_ arguments: [String: String]) throws -> Int64 {
        let text = arguments["SOURCE_DATE_EPOCH"] ?? getenv("SOURCE_DATE_EPOCH").map { String(cString: $0) } ?? ""
        if text.isEmpty { return BuildRequest.defaultSourceDate }
        guard let seconds = Int64(text), (0..<1 << 33).contains(seconds) else {
            throw RuntimeError(.invalidArgument, "SOURCE_DATE_EPOCH \"\(text)\": no seconds since 1970")
        }
        return seconds
    }

    /// `NAME=VALUE`, or `NAME` from the environment; a name that is not there is left out.
    private static func values(_ texts: [String], _ option: String) throws -> [String: String] {
        var values: [String: String] = [:]
        for text in texts {
            let name = String(text.prefix { $0 != "=" })
            guard !name.isEmpty else { throw RuntimeError(.invalidArgument, "\(option) \"\(text)\": not NAME=VALUE") }
            if name.count < text.count {
                values[name] = String(text.dropFirst(name.count + 1))
            } else if let value = getenv(name) {
                values[name] = String(cString: value)
            } else if option == "--label" {
                values[name] = ""
            }
        }
        return values
    }
}

/// `--secret`.
enum Secrets {
    /// Bytes of a secret at most.
    static let limit = 512 << 10

    /// The secrets by their identity.
    static func read(_ texts: [String]) throws -> [String: [UInt8]] {
        var secrets: [String: [UInt8]] = [:]
        for text in texts {
            var fields: [String: String] = [:]
            for field in text.split(separator: ",") {
                let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2, ["id", "src", "source", "env", "type"].contains(parts[0]) else {
                    throw RuntimeError(.invalidArgument, "--secret \"\(text)\": known are id=, src=, env= and type=")
                }
                fields[parts[0]] = parts[1]
            }
            guard let id = fields["id"] else { throw RuntimeError(.invalidArgument, "--secret \"\(text)\": no id") }
            secrets[id] = try value(id, fields)
        }
        return secrets
    }

    private static func value(_ id: String, _ fields: [String: String]) throws -> [UInt8] {
        if let path = fields["src"] ?? fields["source"] {
            return try attempt("--secret \(id)") { try readRegularFile(path, limit: limit) }
        }
        let variable = fields["env"] ?? id
        guard let value = getenv(variable) else {
            throw RuntimeError(.notFound, "--secret \(id): no src, and no variable \(variable) is set")
        }
        return Array(String(cString: value).utf8)
    }
}
