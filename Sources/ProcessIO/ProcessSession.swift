internal import CLinux
internal import Glibc
public import Linux

/// The front end of one process: relays between its terminal and ours, passes signals on, waits for its end.
///
/// The process must be a child or have been left to this process (``adoptingOrphans(_:)``). Call ``run(signals:onSignal:)`` once,
/// from one thread.
public struct ProcessSession {
    private let pid: Int32
    private let pidfd: SharedDescriptor
    private var terminal: TerminalRelay?
    private let outputIsRaw: Bool

    /// A session for a process whose standard descriptors are none of our business.
    public init(pid: Int32) throws(SystemCallError) {
        self.pid = pid
        pidfd = try Self.openProcess(pid)
        terminal = nil
        outputIsRaw = true
    }

    /// A session for a process on a terminal.
    ///
    /// - Parameters:
    ///   - master: the master of its terminal.
    ///   - input: where keys come from; nil for none. Set to raw mode while the session runs, where it is a terminal.
    ///   - output: where its output goes.
    ///   - outputIsRaw: raw mode is for the output too; false for a master that passes line feeds on as they are, whose
    ///     lines our terminal must end.
    public init(
        pid: Int32, master: SharedDescriptor, input: Int32?, output: Int32, outputIsRaw: Bool = true
    ) throws(SystemCallError) {
        self.pid = pid
        pidfd = try Self.openProcess(pid)
        self.outputIsRaw = outputIsRaw
        terminal = try TerminalRelay(master: master, input: input, output: output)
    }

    /// Copies what a terminal still holds after the end of its programs.
    public static func copyRest(of master: SharedDescriptor, to output: Int32) throws(SystemCallError) {
        ignoreBrokenPipes()
        var rest = try TerminalRelay(master: master, input: nil, output: output)
        rest.drain()
    }

    private static func openProcess(_ pid: Int32) throws(SystemCallError) -> SharedDescriptor {
        SharedDescriptor(Descriptor(owning: try check("pidfd_open", "\(pid)") { cl_pidfd_open(pid, 0) }))
    }

    private func makeRaw() throws(SystemCallError) -> RawTerminal? {
        guard let input = terminal?.input, isTerminal(input) else { return nil }
        return try RawTerminal(input, output: outputIsRaw)
    }

    /// Runs until the process has ended; returns how.
    ///
    /// - Parameters:
    ///   - signals: a pipe of ``SignalPipe/frontEnd()``; what it has caught before counts too.
    ///   - onSignal: called with each signal but SIGWINCH.
    public mutating func run(signals: borrowing SignalPipe, onSignal: (Int32) -> Void) throws(SystemCallError)
        -> ExitStatus
    {
        ignoreBrokenPipes()
        let raw = try makeRaw()
        terminal?.adoptSize()
        var ended = false
        while !ended {
            var entries = [
                pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            terminal?.addInterests(to: &entries)
            try check("poll") { poll(&entries, nfds_t(entries.count), -1) }
            while let signal = signals.next() {
                if signal == SIGWINCH { terminal?.adoptSize() } else { onSignal(signal) }
            }
            terminal?.move(entries)
            ended = entries[0].revents != 0
        }
        terminal?.drain()
        raw?.restore()
        return try waitForChild(pid)
    }
}
