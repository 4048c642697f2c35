internal import Cgroups
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import ProcessIO
internal import Resctrl
internal import Support

extension RuntimeProgram {
    /// Makes a container from a checkpoint; it runs at once.
    ///
    /// - Returns: the program's exit code, 128 plus the signal that ended it; 0 with --detach.
    func restore(_ arguments: Arguments, _ states: StateDirectory) throws -> Int32 {
        try requireRoot()
        let signals = try SignalPipe.frontEnd()
        let detached = arguments.has("detach")
        let bundle = try Bundle(arguments["bundle"])
        let wantsTerminal = bundle.configuration.process?.terminal == true
        let relay = wantsTerminal && arguments["console-socket"] == nil && !detached ? try TerminalReceiver() : nil
        let record = try restore(bundle, arguments, states, relay: relay?.remote)
        guard !detached, let process = record.process else { return 0 }
        let code: Int32
        do {
            code = try wait(process.pid, relay, signals)
        } catch {
            try? destroy(record, states)
            throw error
        }
        try destroy(record, states)
        return code
    }

    private func restore(
        _ bundle: Bundle, _ arguments: Arguments, _ states: StateDirectory, relay: SharedDescriptor?
    ) throws -> ContainerRecord {
        let id = try arguments.only("container ID")
        try StateDirectory.validate(id)
        try checkConfiguration(bundle.configuration, arguments, relay: relay)
        var settings = try CheckpointSettings(arguments)
        settings.securityLabel = arguments["lsm-profile"]
        settings.mountLabel = arguments["lsm-mount-context"]
        return try withUndo { undo in
            try states.claim(id)
            undo.push { try states.remove(id) }
            let (record, scope) = try prepare(bundle, id, states, &undo)
            undo.push { poststop(record) }
            let scratch = states.scratchFolder(id)
            try makeDirectories(scratch, mode: 0o700)
            var host = LaunchHost(record: record, states: states, bundle: bundle)
            host.pidFile = try arguments["pid-file"].map(absolutePath)
            host.scope = scope
            host.warnings = warn
            host.notes = note
            try attempt("restore container \(id)") {
                _ = try isolation.restore(
                    RestoreRequest(
                        bundle: bundle.path, rootfs: bundle.rootfs, scratch: scratch,
                        configuration: bundle.configuration, cgroup: record.cgroup,
                        resctrlTasks: record.resctrl?.tasksFiles ?? [],
                        consoleSocket: relay ?? consoleSocket(arguments), relaysConsole: relay != nil,
                        settings: settings),
                    observer: &host)
            }
            rmdir(scratch)
            undo.commit()
            return host.record
        }
    }
}
