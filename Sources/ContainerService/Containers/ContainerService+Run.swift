internal import CLinux
internal import Glibc
internal import Linux
internal import OCISpec
public import ProcessIO
internal import Support

extension ContainerService {
    /// Starts a container; when this returns, its program runs.
    ///
    /// The container's process becomes a child of this process; start one container at a time.
    ///
    /// - Parameters:
    ///   - io: the standard descriptors of a container without a terminal; one with a terminal takes its size from them.
    /// - Throws: what the runtime said; the container is then exited (and removed where it was to remove itself).
    public func start(_ container: OwnedContainer, io: RuntimeClient.StandardIO) throws {
        try perform(container.record.lifecycle.handle(.start), on: container)
        do {
            let pid = try adoptingOrphans { try launch(container, io) }
            try perform(container.record.lifecycle.handle(.started(pid: pid, at: Self.now())), on: container)
        } catch {
            container.master = nil
            let ending = ContainerLifecycle.Ending(
                code: Self.exitCode(ofStartFailure: error), at: Self.now(), reason: "\(error)")
            try perform(container.record.lifecycle.handle(.startFailed(ending)), on: container)
            throw error
        }
    }

    /// Waits for a started container's end, relaying its terminal and passing on the signals that this process gets;
    /// then cleans up.
    ///
    /// - Parameters:
    ///   - signals: made before the start, so that none is missed.
    ///   - input: where keys come from; nil for none.
    ///   - output: where a terminal's output goes.
    public func wait(
        _ container: OwnedContainer, signals: borrowing SignalPipe, input: Int32?, output: Int32
    ) throws -> ExitStatus {
        guard case .running(let pid, _) = container.record.lifecycle else {
            throw RuntimeError(.invalidState, "container \(container.record.name): it is not running")
        }
        var session: ProcessSession
        if let master = container.master.take() {
            session = try ProcessSession(pid: pid, master: master, input: input, output: output)
        } else {
            session = try ProcessSession(pid: pid)
        }
        let id = container.record.id
        // A signal that comes after the end has nobody to go to; the end itself is seen by the session.
        let status = try session.run(signals: signals) { signal in try? runtime.kill(id, signal: signal) }
        let ending = ContainerLifecycle.Ending(code: status.code, at: Self.now())
        try perform(container.record.lifecycle.handle(.ended(ending)), on: container)
        return status
    }

    /// What `run` exits with when a container could not be started: 127 where the program is not there, 126 where it
    /// can't be executed, else 125; from the wording that all runtimes share.
    public static func exitCode(ofStartFailure error: any Error) -> Int32 {
        let text = "\(error)".lowercased()
        guard text.contains("exec") else { return 125 }
        if text.contains("executable file not found") || text.contains("no such file or directory") { return 127 }
        let refusals = ["permission denied", "is a directory", "exec format error", "not a directory"]
        return refusals.contains { text.contains($0) } ? 126 : 125
    }

    /// Mounts a container's root and writes what its runtime needs; returns the bundle's folder.
    func makeBundle(of record: ContainerRecord) throws -> String {
        let bundle = bundle(of: record.id)
        try makeDirectories(mountPoint(of: record.id), mode: 0o711)
        try check("chmod", bundle) { chmod(bundle, 0o700) }
        try attempt("mount the root of container \(record.name)") {
            try snapshots.mount(record.id, at: mountPoint(of: record.id))
        }
        let configuration = try configuration(of: record)
        try writeAtomically(configuration.json(), to: "\(bundle)/config.json", durable: false)
        return bundle
    }

    private func launch(_ container: OwnedContainer, _ io: RuntimeClient.StandardIO) throws -> Int32 {
        let record = container.record
        let bundle = try makeBundle(of: record)
        if !record.specification.terminal {
            let pid = try runtime.create(record.id, bundle: bundle, consoleSocket: nil, io: io)
            try runtime.start(record.id, bundle: bundle)
            return pid
        }
        let socket = try ConsoleSocket(at: "\(bundle)/console.sock")
        // The kernel takes 107 bytes of a socket's path (unix(7)); a longer one goes through this process's descriptor.
        let folder = try Descriptor.open(bundle, CL_O_PATH | O_DIRECTORY)
        let short = "/proc/\(getpid())/fd/\(folder.rawValue)/console.sock"
        let path = socket.path.utf8.count < 108 ? socket.path : short
        let pid = try runtime.create(record.id, bundle: bundle, consoleSocket: path, io: io)
        let master = SharedDescriptor(try attempt("receive the terminal") { try socket.receive() })
        // Before the program runs: it may ask for the size at once.
        try TerminalSize(input: io.input, output: io.output)?.apply(to: master.rawValue)
        container.master = master
        try runtime.start(record.id, bundle: bundle)
        return pid
    }
}
