internal import CLinux
internal import Cgroups
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import Resctrl
internal import Support

extension RuntimeProgram {
    func create(_ arguments: Arguments, _ states: StateDirectory) throws {
        _ = try launch(arguments, states, waits: true, relay: nil)
    }

    /// Makes the container; with `waits` its process is left at the start socket, else it executes at once.
    ///
    /// - Parameter relay: the caller's end for the terminal's master where it relays the terminal itself.
    func launch(
        _ arguments: Arguments, _ states: StateDirectory, waits: Bool, relay: SharedDescriptor?
    ) throws -> ContainerRecord {
        let id = try arguments.only("container ID")
        try StateDirectory.validate(id)
        if arguments.has("no-pivot") {
            throw RuntimeError(.unsupported, "option --no-pivot: the root is always made by pivot_root")
        }
        let bundle = try Bundle(arguments["bundle"])
        try checkConfiguration(bundle.configuration, arguments, relay: relay)
        return try withUndo { undo in
            try states.claim(id)
            undo.push { try states.remove(id) }
            var (record, scope) = try prepare(bundle, id, states, &undo)
            let request = LaunchRequest(
                id: id, bundle: bundle.path, configuration: bundle.configuration, cgroup: try record.entry(),
                startSocket: waits ? try listen(states, id) : nil,
                consoleSocket: try relay ?? consoleSocket(arguments), relaysConsole: relay != nil,
                preservedDescriptors: try arguments.number("preserve-fds", 0...1000) ?? 0)
            var host = LaunchHost(record: record, states: states, bundle: bundle)
            host.pidFile = try arguments["pid-file"].map(absolutePath)
            host.scope = scope
            host.warnings = warn
            host.notes = note
            undo.push { poststop(record) }
            _ = try isolation.launch(request, observer: &host)
            record = host.record
            undo.commit()
            return record
        }
    }

    /// Writes the record of a container whose id is claimed, and makes its cgroup with its limits and its resctrl group.
    ///
    /// - Returns: the record, and the scope where systemd has made the cgroup.
    func prepare(
        _ bundle: Bundle, _ id: String, _ states: StateDirectory, _ undo: inout UndoStack
    ) throws -> (ContainerRecord, PendingScope?) {
        let linux = bundle.configuration.linux
        let scope =
            usesSystemd ? try PendingScope(bundle.configuration, id: id, isUsers: states.rootless.isOn) : nil
        var record = ContainerRecord(
            id: id, bundle: bundle.path, rootfs: bundle.rootfs, created: timestamp(), owner: getuid(),
            annotations: bundle.configuration.annotations,
            cgroup: try scope?.cgroup ?? states.rootless.cgroup(linux?.cgroupsPath, id: id),
            hooks: bundle.configuration.hooks)
        record.scope = scope?.scope
        try states.save(record)
        if let scope {
            try scope.start(&undo)
        } else {
            record.cgroup = try states.rootless.make(record.cgroup, linux, &undo)
        }
        if let settings = linux?.intelRdt.map(ResctrlSettings.init) {
            record.resctrl = try makeResctrlGroup(settings, id: id, &undo)
        }
        return (record, scope)
    }

    private func makeResctrlGroup(
        _ settings: ResctrlSettings, id: String, _ undo: inout UndoStack
    ) throws -> ResctrlGroup {
        let resctrl = try Resctrl()
        let group = try resctrl.makeGroup(settings, id: id)
        undo.push { try resctrl.remove(group) }
        return group
    }

    func checkConfiguration(
        _ configuration: RuntimeConfiguration, _ arguments: Arguments, relay: SharedDescriptor?
    ) throws {
        try isolation.validate(configuration)
        let terminal = configuration.process?.terminal == true
        let socket = arguments["console-socket"] != nil
        if terminal && !socket && relay == nil {
            throw RuntimeError(
                .invalidArgument, "process.terminal is true: give --console-socket to receive the terminal")
        }
        if !terminal && socket {
            throw RuntimeError(.invalidArgument, "--console-socket is given but process.terminal is false")
        }
    }

    private func listen(_ states: StateDirectory, _ id: String) throws -> SharedDescriptor {
        let path = states.startSocket(id)
        return SharedDescriptor(Descriptor(owning: try check("bind", path) { cl_unix_listen(path, 8) }))
    }

    /// Connects to the socket of --console-socket.
    func consoleSocket(_ arguments: Arguments) throws -> SharedDescriptor? {
        guard let path = arguments["console-socket"] else { return nil }
        return SharedDescriptor(
            Descriptor(owning: try check("connect", "--console-socket \(path)") { cl_unix_connect(path) }))
    }
}

/// The host's side of a launch: hooks, record and pid file.
struct LaunchHost: LaunchObserver {
    var record: ContainerRecord
    let states: StateDirectory
    let bundle: Bundle
    /// Absolute.
    var pidFile: String?
    /// The scope that waits for the process; nil without systemd.
    var scope: PendingScope?
    /// Where warnings go.
    var warnings: (String) -> Void = { _ in }

    /// Where notes go.
    var notes: (String) -> Void = { _ in }

    func warn(_ text: String) { warnings(text) }
    func note(_ text: String) { notes(text) }

    mutating func processMade(_ pid: Int32) throws {
        record.process = try ProcessIdentity(of: pid)
        try states.saveConfiguration(bundle.text, of: record.id)
        guard let hooks = bundle.configuration.hooks else { return }
        let state = record.state(.creating).json()
        try runHooks(hooks.prestart, kind: "prestart", state: state)
        try runHooks(hooks.createRuntime, kind: "createRuntime", state: state)
    }

    mutating func processReady(_ pid: Int32) throws {
        try scope?.enter()
        try states.save(record)
        if let pidFile {
            try attempt("option --pid-file") {
                try writeAtomically(Array("\(pid)".utf8), to: pidFile, mode: 0o644, durable: false)
            }
        }
    }
}

extension ContainerRecord {
    /// The record as the specification's state document.
    func state(_ status: ContainerState.Status) -> ContainerState {
        ContainerState(
            id: id, status: status, pid: status == .stopped ? nil : process?.pid, bundle: bundle,
            annotations: annotations)
    }
}

/// A path of the command line, independent of the working directory, which the launch changes to the bundle.
func absolutePath(_ path: String) throws -> String {
    if path.hasPrefix("/") { return path }
    guard let here = getcwd(nil, 0) else { throw SystemCallError("getcwd", errno: errno) }
    defer { free(here) }
    return "\(String(cString: here))/\(path)"
}

/// Runs the poststop hooks; the specification has their failures told, not obeyed.
func poststop(_ record: ContainerRecord) {
    guard let hooks = record.hooks?.poststop, !hooks.isEmpty else { return }
    runEachHook(hooks, kind: "poststop", state: record.state(.stopped).json()) { error in
        Output.printError("warning: \(oneLine("\(error)"))\n")
    }
}
