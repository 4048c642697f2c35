internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// A connection to a D-Bus peer: a message bus, or a program that speaks without one.
///
/// Blocking, for one thread; every wait has an end. What comes from the peer is bounded and checked.
public final class DBusConnection {
    private let socket: Descriptor
    private let shown: String
    private var input: [UInt8] = []
    private var serial: UInt32 = 0
    private var signals: [DBusMessage] = []
    private var keptSignal: (interface: String, member: String)?

    /// The most signals that are kept for ``nextSignal(timeout:)``.
    static let maximumSignals = 4096
    /// How long the peer may take for one answer, in milliseconds.
    public static let answerTimeout = 25_000

    /// Connects to a Unix socket by its path and authenticates as this process's user.
    ///
    /// - Throws: ``RuntimeError``: `unavailable` or `notFound` where nobody listens, `permissionDenied` where the peer refuses.
    public convenience init(path: String) throws {
        let socket = try check("connect", path) { cl_unix_connect(path) }
        try self.init(socket: Descriptor(owning: socket), shown: path)
    }

    /// Takes a connected stream socket and authenticates.
    ///
    /// - Parameter shown: the peer's name in messages.
    public init(socket: consuming Descriptor, shown: String) throws {
        self.socket = socket
        self.shown = shown
        try attempt("authenticate at \(shown)") { try authenticate() }
    }

    // MARK: Calls

    /// Calls a method and waits for its reply's arguments.
    ///
    /// - Throws: ``DBusError`` for the peer's own refusal, ``RuntimeError`` `timeout` without an answer.
    public func call(_ message: DBusMessage) throws -> [DBusValue] {
        serial += 1
        var message = message
        message.serial = serial
        let deadline = Self.now() + Self.answerTimeout
        try send(message.marshalled(), deadline)
        while true {
            let answer = try receive(deadline)
            guard answer.replySerial == serial, answer.kind == .reply || answer.kind == .error else {
                try keep(answer)
                continue
            }
            if answer.kind == .reply { return answer.body }
            throw DBusError(name: answer.errorName ?? "", message: answer.body.first?.text ?? "")
        }
    }

    /// Keeps one kind of signal from now on, whatever is called meanwhile.
    public func keepSignals(_ interface: String, _ member: String) {
        keptSignal = (interface, member)
    }

    /// The next signal of the kept kind.
    ///
    /// - Parameter timeout: milliseconds.
    /// - Throws: ``RuntimeError`` `timeout` where none comes.
    public func nextSignal(timeout: Int) throws -> DBusMessage {
        let deadline = Self.now() + timeout
        while signals.isEmpty { try keep(try receive(deadline)) }
        return signals.removeFirst()
    }

    private func keep(_ message: DBusMessage) throws(RuntimeError) {
        guard let kept = keptSignal, message.isSignal(kept.interface, kept.member) else { return }
        guard signals.count < Self.maximumSignals else {
            throw RuntimeError(.resourceExhausted, "\(shown) sends more than \(Self.maximumSignals) signals")
        }
        signals.append(message)
    }

    // MARK: Bytes

    private func receive(_ deadline: Int) throws -> DBusMessage {
        while true {
            if let length = try DBusMessage.length(input[...]), input.count >= length {
                let bytes = Array(input[..<length])
                input.removeSubrange(..<length)
                return try attempt("read from \(shown)") { try DBusMessage(unmarshalling: bytes) }
            }
            try fill(deadline)
        }
    }

    /// Waits for bytes and takes them.
    private func fill(_ deadline: Int) throws {
        try wait(Int16(POLLIN), deadline)
        let bytes = try socket.readSome(65536, shown)
        if bytes.isEmpty { throw RuntimeError(.unavailable, "\(shown) has closed the connection") }
        input += bytes
    }

    private func send(_ bytes: [UInt8], _ deadline: Int) throws {
        let raw = socket.rawValue
        var rest = bytes[...]
        while !rest.isEmpty {
            try wait(Int16(POLLOUT), deadline)
            let count = try checkCount("send", shown) {
                rest.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            rest = rest.dropFirst(count)
        }
    }

    private func wait(_ events: Int16, _ deadline: Int) throws {
        var entry = pollfd(fd: socket.rawValue, events: events, revents: 0)
        while true {
            let left = deadline - Self.now()
            guard left > 0 else { throw RuntimeError(.timeout, "\(shown) does not answer") }
            if try check("poll", shown, { poll(&entry, 1, Int32(clamping: left)) }) > 0 { return }
        }
    }

    /// The monotonic clock, in milliseconds.
    private static func now() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }

    // MARK: Authentication

    /// EXTERNAL without a name of our own: the peer takes the user that the kernel tells it, which holds in user
    /// namespaces too. All is sent at once, as the answers can only be these or a refusal.
    private func authenticate() throws {
        let deadline = Self.now() + Self.answerTimeout
        try send(Array("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n".utf8), deadline)
        for expected in ["DATA", "OK"] {
            let line = try line(deadline)
            guard line == expected || line.hasPrefix("\(expected) ") else {
                throw RuntimeError(.permissionDenied, "it refuses user \(geteuid()): \"\(line)\"")
            }
        }
    }

    private func line(_ deadline: Int) throws -> String {
        while true {
            if let end = input.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: input[..<end].filter { (32..<127).contains($0) }, as: UTF8.self)
                input.removeSubrange(...end)
                return line
            }
            guard input.count <= 16384 else { throw malformed("a line of authentication without an end") }
            try fill(deadline)
        }
    }
}
