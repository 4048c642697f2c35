internal import Glibc
internal import Linux

/// Copies keys to a terminal's master and its output back, never waiting for a slow program while output can flow.
struct TerminalRelay {
    /// Where keys come from; nil once they have ended.
    private(set) var input: Int32?
    private let master: SharedDescriptor
    private let output: Int32
    /// Keys read and not yet taken by the terminal, at most one read of them.
    private var waiting: ArraySlice<UInt8> = []
    private var masterEnded = false
    private var outputEnded = false

    init(master: SharedDescriptor, input: Int32?, output: Int32) throws(SystemCallError) {
        let raw = master.rawValue
        try check("fcntl", "O_NONBLOCK") { fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK) }
        self.master = master
        self.input = input
        self.output = output
    }

    /// Gives the terminal the size of ours.
    func adoptSize() {
        // A terminal whose program has gone takes no size; that is no failure.
        try? TerminalSize(input: input, output: output)?.apply(to: master.rawValue)
    }

    /// Adds what ``move(_:)`` waits for.
    func addInterests(to entries: inout [pollfd]) {
        if !masterEnded {
            let events = waiting.isEmpty ? POLLIN : POLLIN | POLLOUT
            entries.append(pollfd(fd: master.rawValue, events: Int16(events), revents: 0))
        }
        if let input, waiting.isEmpty, !masterEnded {
            entries.append(pollfd(fd: input, events: Int16(POLLIN), revents: 0))
        }
    }

    /// Moves what is ready.
    mutating func move(_ entries: [pollfd]) {
        for entry in entries.dropFirst(2) where entry.revents != 0 {
            if entry.fd == master.rawValue {
                if entry.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { moveOutput() }
                if entry.revents & Int16(POLLOUT) != 0 { moveKeys() }
            } else {
                takeKeys(entry.fd)
            }
        }
    }

    /// Moves the rest of the output after the program's end.
    mutating func drain() {
        while !masterEnded, moveOutput() {}
    }

    /// Copies one buffer; false where there was nothing or the terminal has ended.
    @discardableResult
    private mutating func moveOutput() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(master.rawValue, &buffer, buffer.count)
        if count <= 0 {
            // EIO: the last program has closed the slave.
            masterEnded = count == 0 || (errno != EAGAIN && errno != EINTR)
            return false
        }
        if !outputEnded { writeOutput(buffer[..<count]) }
        return true
    }

    private mutating func writeOutput(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let target = output
            let count = rest.withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var entry = pollfd(fd: target, events: Int16(POLLOUT), revents: 0)
                poll(&entry, 1, -1)
            } else if errno != EINTR {
                outputEnded = true
                return
            }
        }
    }

    private mutating func takeKeys(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        if count <= 0 {
            if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
            input = nil
            return
        }
        waiting = buffer[..<count]
        moveKeys()
    }

    private mutating func moveKeys() {
        let raw = master.rawValue
        let count = waiting.withUnsafeBytes { write(raw, $0.baseAddress, $0.count) }
        if count > 0 { waiting = waiting.dropFirst(count) } else if errno != EAGAIN && errno != EINTR { waiting = [] }
    }
}
