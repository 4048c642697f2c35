internal import Glibc
internal import Linux

/// The end of a pipe, or the master of a terminal, that a process's input goes into.
final class InputSink: EventSource {
    /// From this many bytes on, clients that send input are not read.
    static let bound = 1 << 18
    private var sink: SharedDescriptor?
    private let isTerminal: Bool
    private var waiting: [UInt8] = []
    private var sent = 0
    private var endsAfterwards = false

    init(_ sink: SharedDescriptor, isTerminal: Bool) throws(SystemCallError) {
        try setNonblocking(sink.rawValue)
        self.sink = sink
        self.isTerminal = isTerminal
    }

    var descriptor: Int32 { sink?.rawValue ?? -1 }
    var interests: Int32 { sent < waiting.count ? POLLOUT : 0 }
    /// Whether more should not be added.
    var isFull: Bool { waiting.count - sent >= Self.bound }

    func ready(_: Int32) { flush() }

    func append(_ bytes: [UInt8]) {
        guard sink != nil, !endsAfterwards else { return }
        if waiting.isEmpty { waiting = bytes } else { waiting += bytes }
        flush()
    }

    /// The process reads the end of its input after what has been added. A terminal's input has no end of its own.
    func end() {
        if isTerminal { return }
        endsAfterwards = true
        flush()
    }

    private func flush() {
        guard let raw = sink?.rawValue else { return }
        while sent < waiting.count {
            let count = waiting.withUnsafeBytes { write(raw, $0.baseAddress.map { $0 + sent }, $0.count - sent) }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN || errno == EINTR {
                return
            } else {
                // Nobody reads it any more.
                close()
                return
            }
        }
        waiting = []
        sent = 0
        if endsAfterwards { close() }
    }

    /// Lets go of the descriptor.
    func close() {
        waiting = []
        sent = 0
        sink = nil
    }
}
