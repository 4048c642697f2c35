internal import Glibc
internal import JSON
internal import Linux
internal import OCISpec
internal import ProcessIO
internal import Support

extension RuntimeConfiguration.Process {
    /// The process that `exec`'s command line asks for: the document of --process, or the container's own process with
    /// another command; then what the options say.
    ///
    /// - Parameter configuration: what the container was created with. A document that leaves its rights open (capabilities,
    ///   labels, scheduling, OOM score) gets the container's, never more.
    init(exec arguments: Arguments, in configuration: RuntimeConfiguration) throws {
        let command = Array(arguments.positionals.dropFirst())
        if let path = arguments["process"] {
            guard command.isEmpty else {
                throw RuntimeError(.invalidArgument, "a command and --process are given: use one of them")
            }
            self = try Self.read(path)
            inherit(configuration.process)
        } else {
            if command.isEmpty { throw RuntimeError(.invalidArgument, "process args cannot be empty") }
            self = configuration.process ?? Self()
            args = command
            terminal = false
            consoleSize = nil
        }
        try apply(arguments)
    }

    private static func read(_ path: String) throws -> Self {
        try attempt("option --process \(path)") {
            let text = path == "-" ? try readAllInput() : try readFile(path, limit: 16 << 20)
            return try JSONReader.document(text) { reader in try Self(from: &reader) }
        }
    }

    private static func readAllInput() throws -> [UInt8] {
        let input = Descriptor(owning: try check("fcntl", "stdin") { fcntl(0, F_DUPFD_CLOEXEC, 3) })
        return try input.readAll(limit: 16 << 20, "stdin")
    }

    private mutating func inherit(_ own: Self?) {
        capabilities = capabilities ?? own?.capabilities
        apparmorProfile = apparmorProfile ?? own?.apparmorProfile
        selinuxLabel = selinuxLabel ?? own?.selinuxLabel
        oomScoreAdj = oomScoreAdj ?? own?.oomScoreAdj
        scheduler = scheduler ?? own?.scheduler
        ioPriority = ioPriority ?? own?.ioPriority
        execCPUAffinity = execCPUAffinity ?? own?.execCPUAffinity
    }

    private mutating func apply(_ arguments: Arguments) throws(RuntimeError) {
        if arguments.has("tty") { terminal = true }
        if let cwd = arguments["cwd"] { self.cwd = cwd }
        if arguments["no-new-privs"] != nil { noNewPrivileges = arguments.has("no-new-privs") }
        apparmorProfile = arguments["apparmor"] ?? apparmorProfile
        selinuxLabel = arguments["process-label"] ?? selinuxLabel
        if let user = arguments["user"] { try setUser(user) }
        for gid in arguments.all("additional-gids") {
            user.additionalGids.append(try Self.identifier(gid, "--additional-gids"))
        }
        for variable in arguments.all("env") { set(variable) }
        let added = arguments.all("cap")
        if added.isEmpty { return }
        for name in added where CapabilitySet(name: name) == nil {
            throw RuntimeError(.invalidArgument, "option --cap: \"\(name)\" is not a capability")
        }
        var sets = capabilities ?? RuntimeConfiguration.Capabilities()
        sets.bounding += added
        sets.effective += added
        sets.permitted += added
        // Without an inheritable one of the configuration there can be no ambient one.
        sets.ambient += added.filter(sets.inheritable.contains)
        capabilities = sets
    }

    private mutating func setUser(_ text: String) throws(RuntimeError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        user.uid = try Self.identifier(String(parts[0]), "--user")
        if parts.count == 2 { user.gid = try Self.identifier(String(parts[1]), "--user") }
    }

    private static func identifier(_ text: String, _ option: String) throws(RuntimeError) -> UInt32 {
        guard let number = UInt32(text), RuntimeConfiguration.User.ids.contains(number) else {
            throw RuntimeError(.invalidArgument, "option \(option): \"\(text)\" is not a user or group number")
        }
        return number
    }

    /// A variable that is there already is replaced: of two, programs differ in which they see.
    private mutating func set(_ variable: String) {
        let name = variable.prefix { $0 != "=" } + "="
        env.removeAll { $0.hasPrefix(name) }
        env.append(variable)
    }
}

extension RuntimeConfiguration.ConsoleSize {
    /// The size of the caller's terminal; nil where it has none.
    static var current: Self? {
        TerminalSize(input: 0, output: 1).map { Self(height: $0.rows, width: $0.columns) }
    }
}
