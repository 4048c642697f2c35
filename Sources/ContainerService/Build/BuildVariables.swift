internal import Dockerfile
internal import OCISpec

/// The variables of a stage: ENV over ARG.
struct BuildVariables: Sendable {
    /// `NAME=VALUE`, in the order they were first set.
    private(set) var environment: [(name: String, value: String)] = []
    /// ARGs that were declared, with their values.
    private(set) var arguments: [(name: String, value: String?)] = []
    /// What an ARG without a default is: values given to the build, ARGs before the first FROM, the platforms.
    private var known: [String: String] = [:]
    /// Values given to the build; they win over defaults.
    private let given: [String: String]

    /// Names that need not be declared, and whose values are no part of what is cached.
    static let proxies: Set = [
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy",
        "ALL_PROXY", "all_proxy",
    ]

    /// The variables before the first FROM.
    init(globals request: BuildRequest) throws {
        given = request.arguments
        known = Self.platforms(request.platform ?? .host)
        for name in known.keys where given[name] != nil { known[name] = given[name] }
        let lexer = request.dockerfile.lexer
        for (argument, instruction) in request.dockerfile.arguments {
            do {
                let written = try argument.value.map { try lexer.expand($0, value) }
                if let found = given[argument.name] ?? written { known[argument.name] = found }
            } catch {
                throw instruction.error("\(faultReason(error))", file: request.dockerfile.file)
            }
        }
    }

    /// The variables of a stage: ``known`` is what its ARGs can refer to.
    init(stageOf globals: BuildVariables) {
        (given, known) = (globals.given, globals.known)
    }

    private static func platforms(_ target: Platform) -> [String: String] {
        var values: [String: String] = [:]
        for (prefix, platform) in [("TARGET", target), ("BUILD", Platform.host)] {
            values["\(prefix)PLATFORM"] = platform.description
            values["\(prefix)OS"] = platform.os
            values["\(prefix)ARCH"] = platform.architecture
            values["\(prefix)VARIANT"] = platform.variant
        }
        return values
    }

    /// A variable's value: in a stage ENV, then ARG; before the first FROM what is known.
    func value(_ name: String) -> String? {
        if let found = environment.first(where: { $0.name == name }) { return found.value }
        if let found = arguments.last(where: { $0.name == name }) { return found.value }
        return isStage ? nil : known[name]
    }

    private var isStage: Bool { hasStage }
    private var hasStage = false

    /// The variables of a stage upon an image.
    func stage(environment: [String], from base: BuildVariables? = nil) -> BuildVariables {
        var variables = BuildVariables(stageOf: self)
        variables.hasStage = true
        variables.arguments = base?.arguments ?? []
        for entry in environment {
            let name = entry.prefix { $0 != "=" }
            variables.set(String(name), String(entry.dropFirst(name.count + 1)))
        }
        return variables
    }

    /// ENV.
    mutating func set(_ name: String, _ value: String) {
        if let place = environment.firstIndex(where: { $0.name == name }) {
            environment[place].value = value
        } else {
            environment.append((name, value))
        }
    }

    /// ARG; the default is expanded already.
    mutating func declare(_ name: String, _ value: String?) {
        let found = given[name] ?? value ?? known[name]
        arguments.removeAll { $0.name == name }
        arguments.append((name, found))
    }

    /// `NAME=VALUE` for the image's configuration.
    var list: [String] { environment.map { "\($0.name)=\($0.value)" } }

    /// What a RUN step sees besides ENV.
    var commandArguments: [(name: String, value: String)] {
        var all = arguments.compactMap { argument in argument.value.map { (argument.name, $0) } }
        for name in Self.proxies.sorted() {
            if let value = given[name], !all.contains(where: { $0.0 == name }) { all.append((name, value)) }
        }
        return all.filter { argument in !environment.contains { $0.name == argument.0 } }.map {
            (name: $0.0, value: $0.1)
        }
    }

    /// The part of ``commandArguments`` that decides about the cache.
    var cachedArguments: [(name: String, value: String)] {
        let declared = Set(arguments.map(\.name))
        return commandArguments.filter { declared.contains($0.name) || !Self.proxies.contains($0.name) }
    }
}
