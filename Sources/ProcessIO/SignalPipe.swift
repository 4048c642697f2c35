internal import CLinux
internal import Glibc
public import Linux

/// Signals that arrive at this process, whichever thread they meet, as bytes in a pipe.
///
/// One process has one; while it lives, the signals have no other effect.
public struct SignalPipe: ~Copyable {
    /// The signals that a container's front end passes on: all that ask for something, and the real-time ones.
    public static let forwarded: [UInt8] =
        [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGCONT].map { UInt8($0) } + (34...64)

    /// What the front end of a container catches: what it passes on, and the changes of its terminal's size.
    public static func frontEnd() throws(SystemCallError) -> SignalPipe {
        try SignalPipe(forwarded + [UInt8(SIGWINCH)])
    }

    /// The reading end, not blocking; the pipe stays open for the life of the process.
    public let descriptor: Int32
    private let signals: [UInt8]

    /// Catches `signals`; none at all leaves every signal its effect.
    public init(_ signals: [UInt8]) throws(SystemCallError) {
        self.signals = signals
        // poll(2) passes over a negative descriptor, and nothing can be read from it.
        descriptor = signals.isEmpty ? -1 : try check("sigaction") { cl_signal_pipe(signals, Int32(signals.count)) }
    }

    /// The next signal that has arrived; nil where none waits.
    public borrowing func next() -> Int32? {
        var byte: UInt8 = 0
        return read(descriptor, &byte, 1) == 1 ? Int32(byte) : nil
    }

    deinit {
        cl_signal_default(signals, Int32(signals.count))
    }
}

/// Lets a write to a closed pipe fail with EPIPE instead of ending the process.
public func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
}
