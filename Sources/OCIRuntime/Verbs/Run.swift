internal import CLinux
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import ProcessIO
internal import Support

extension RuntimeProgram {
    /// Creates and starts a container at once, waits for its end, deletes it.
    ///
    /// - Returns: the program's exit code, 128 plus the signal that ended it; 0 with --detach.
    func run(_ arguments: Arguments, _ states: StateDirectory) throws -> Int32 {
        // Signals that come before the session takes them over must not end the launch half-way.
        let signals = try SignalPipe.frontEnd()
        let detached = arguments.has("detach")
        let wantsTerminal = try Bundle(arguments["bundle"]).configuration.process?.terminal == true
        let relay = wantsTerminal && arguments["console-socket"] == nil && !detached ? try TerminalReceiver() : nil
        let record: ContainerRecord
        do {
            record = try launch(arguments, states, waits: false, relay: relay?.remote)
        } catch {
            // A hook in the container may have said why.
            try? relay?.copyRest()
            throw error
        }
        try runPoststart(record, states)
        guard !detached, let process = record.process else { return 0 }
        let code: Int32
        do {
            code = try wait(process.pid, relay, signals)
        } catch {
            try? destroy(record, states)
            throw error
        }
        if !arguments.has("keep") { try destroy(record, states) }
        return code
    }

    /// Waits for a child's end, meanwhile passing on signals and what its terminal says.
    ///
    /// - Returns: its exit code, or 128 plus the signal that ended it.
    func wait(_ pid: Int32, _ relay: TerminalReceiver?, _ signals: borrowing SignalPipe) throws -> Int32 {
        var session =
            if let relay {
                try ProcessSession(pid: pid, master: relay.receive(), input: 0, output: 1, outputIsRaw: false)
            } else {
                try ProcessSession(pid: pid)
            }
        // A child that has not been reaped keeps its number.
        return try session.run(signals: signals) { signal in Glibc.kill(pid, signal) }.code
    }
}

/// Where `run` and `exec` get the terminal's master from, without --console-socket.
struct TerminalReceiver {
    /// The end that the container's process sends to.
    let remote: SharedDescriptor
    private let local: SharedDescriptor

    init() throws {
        var ends: [SharedDescriptor] = []
        let pair = try Descriptor.socketPair()
        pair.split { first, second in
            ends = [SharedDescriptor(first), SharedDescriptor(second)]
        }
        (local, remote) = (ends[0], ends[1])
    }

    /// Copies what the terminal shows of a process that has ended, where it has sent its terminal.
    func copyRest() throws {
        var entry = pollfd(fd: local.rawValue, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, 0) == 1 { try ProcessSession.copyRest(of: receive(), to: 1) }
    }

    /// The master, which the process has sent before it was ready.
    func receive() throws -> SharedDescriptor {
        var name = [UInt8](repeating: 0, count: 256)
        var master: Int32 = -1
        try checkCount("recvmsg", "terminal") { cl_receive_descriptor(local.rawValue, &master, &name, name.count) }
        guard master >= 0 else { throw RuntimeError(.internal, "the container's process sent no terminal") }
        return SharedDescriptor(Descriptor(owning: master))
    }
}
