internal import Glibc
internal import Linux
internal import ShimProtocol

/// The end of a pipe, or the master of a terminal, that a process's output comes out of.
final class OutputSource: EventSource {
    /// What of a stream is read after the end of its process at most: what the process wrote is in the pipe by then.
    private static let rest = 1 << 20
    let stream: LogStream
    private var source: SharedDescriptor?
    private unowned let process: SupervisedProcess
    private let scratch: Scratch
    /// Whether everybody who could write has gone.
    var hasEnded: Bool { source == nil }

    init(
        _ stream: LogStream, _ source: SharedDescriptor, of process: SupervisedProcess, _ scratch: Scratch
    ) throws(SystemCallError) {
        try setNonblocking(source.rawValue)
        self.stream = stream
        self.source = source
        self.process = process
        self.scratch = scratch
    }

    var descriptor: Int32 { source?.rawValue ?? -1 }
    var interests: Int32 { hasEnded || process.outputIsStalled ? 0 : POLLIN }

    func ready(_: Int32) { read() }

    /// Reads what is there, whoever may be slow: the process has ended.
    func drain() {
        var count = 0
        while count < Self.rest, !hasEnded, case .bytes(let more) = read() { count += more }
    }

    @discardableResult
    private func read() -> Scratch.Outcome {
        let outcome = scratch.read(descriptor) { process.deliver($0, stream) }
        if outcome == .end {
            source = nil
            process.outputEnded(self)
        }
        return outcome
    }
}
