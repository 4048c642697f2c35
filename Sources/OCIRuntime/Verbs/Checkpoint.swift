internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import Support

extension RuntimeProgram {
    /// Writes a running container's state to files; with neither --leave-running nor --pre-dump the container is gone then.
    func checkpoint(_ arguments: Arguments, _ states: StateDirectory) throws {
        try requireRoot()
        let record = try states.load(try arguments.only("container ID"))
        let status = Lifecycle.status(of: record, states)
        guard let process = record.process, status == .running || status == .paused else {
            throw RuntimeError(.invalidState, "Container cannot be checkpointed in \(status.rawValue) state")
        }
        var settings = try CheckpointSettings(arguments)
        settings.isPreDump = arguments.has("pre-dump")
        settings.leavesRunning = arguments.has("leave-running") || settings.isPreDump
        settings.skipsConnectionsInFlight = arguments.has("tcp-skip-in-flight")
        settings.statusDescriptor = try arguments.number("status-fd", 0...65535).map(Int32.init)
        settings.pageServer = try pageServer(arguments["page-server"])
        settings.parentPath = arguments["parent-path"]
        try makeDirectories(settings.imagePath, mode: 0o700)
        try checkParent(settings)
        try attempt("checkpoint container \(record.id)") {
            try isolation.checkpoint(
                CheckpointRequest(
                    rootfs: record.rootfs, configuration: states.configuration(of: record.id), container: process,
                    cgroup: record.cgroup, settings: settings))
        }
        if !settings.leavesRunning { try destroy(record, states) }
    }

    private func checkParent(_ settings: CheckpointSettings) throws(RuntimeError) {
        guard let parent = settings.parentPath else { return }
        if parent.hasPrefix("/") {
            throw RuntimeError(.invalidArgument, "option --parent-path: \(parent) must be relative to --image-path")
        }
        if access("\(settings.imagePath)/\(parent)", F_OK) != 0 {
            throw RuntimeError(.notFound, "option --parent-path: \(settings.imagePath)/\(parent) is not there")
        }
    }

    private func pageServer(_ text: String?) throws(RuntimeError) -> (address: String, port: UInt16)? {
        guard let text else { return nil }
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
            let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { throw RuntimeError(.invalidArgument, "option --page-server: \"\(text)\" is not ADDRESS:PORT") }
        return (String(text[..<colon]), port)
    }

    /// criu dumps and makes processes of any user in namespaces of any kind.
    func requireRoot() throws(RuntimeError) {
        if geteuid() != 0 { throw RuntimeError(.permissionDenied, "checkpoint and restore need root") }
    }
}

extension CheckpointSettings {
    /// The options that both verbs have.
    init(_ arguments: Arguments) throws {
        self.init(imagePath: try Self.absolute(arguments["image-path"] ?? "checkpoint"))
        workPath = arguments["work-path"]
        keepsConnections = arguments.has("tcp-established")
        allowsExternalSockets = arguments.has("ext-unix-sk")
        isShellJob = arguments.has("shell-job")
        keepsFileLocks = arguments.has("file-locks")
        isLazy = arguments.has("lazy-pages")
        dropsDuplicates = arguments.has("auto-dedup")
        if let word = arguments["manage-cgroups-mode"] {
            guard let mode = CgroupMode(rawValue: word) else {
                throw RuntimeError(
                    .invalidArgument, "option --manage-cgroups-mode: \"\(word)\" is none of soft, full, strict, ignore")
            }
            cgroups = mode
        }
        for word in arguments.all("empty-ns") {
            guard word == "network" else {
                throw RuntimeError(.unsupported, "option --empty-ns: \"\(word)\"; criu can empty network only")
            }
            emptiesNetwork = true
        }
        if let workPath { try makeDirectories(workPath, mode: 0o700) }
    }

    private static func absolute(_ path: String) throws -> String {
        if path.hasPrefix("/") { return path }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { throw SystemCallError("getcwd", errno: errno) }
        return buffer.withUnsafeBufferPointer { "\($0.baseAddress.map { String(cString: $0) } ?? "")/\(path)" }
    }
}
