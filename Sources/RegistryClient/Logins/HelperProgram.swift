internal import Glibc
internal import Linux
internal import ProcessIO
internal import Support

/// A program that is given an input and whose output is read, both bounded in bytes and time.
struct HelperProgram: Sendable {
    private let name: String
    private let path: String
    private let timeout: Double
    private let limit: Int

    /// What it left.
    struct Answer: Sendable {
        let code: Int32
        let output: [UInt8]

        func says(_ text: String) -> Bool { String(decoding: output, as: UTF8.self).lowercased().contains(text) }
    }

    /// Looks the program up in `folders`, by default those of PATH.
    ///
    /// - Throws: `notFound`.
    init(_ name: String, folders: String? = nil, timeout: Double, limit: Int) throws {
        self.name = name
        self.timeout = timeout
        self.limit = limit
        let folders = folders ?? getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        let paths = folders.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else {
            throw RuntimeError(
                .notFound, "\(name): not in PATH, but docker's config.json names it as the keeper of logins")
        }
        self.path = path
    }

    /// Runs it to its end; blocks. Its standard error is ours.
    func run(_ arguments: [String], input: [UInt8]) throws -> Answer {
        // Sockets, so that a program that reads nothing is an error and no signal; two, so that the end of one that left
        // some of its input unread does not cut off its answer.
        let stdin = try Self.pair()
        let stdout = try Self.pair()
        var program = ChildProgram(path: path, arguments: arguments, environment: Self.environment())
        program.input = stdin.theirs.rawValue
        program.output = stdout.theirs.rawValue
        program.error = 2
        let pid = try program.spawn()
        stdin.closeTheirs()
        stdout.closeTheirs()
        do {
            let end = ContinuousClock.now + .seconds(timeout)
            try send(input, to: stdin.ours.rawValue, until: end)
            let output = try receive(from: stdout.ours.rawValue, until: end)
            return Answer(code: try waitForChild(pid).code, output: output)
        } catch {
            kill(pid, SIGKILL)
            _ = try? waitForChild(pid)
            throw error
        }
    }

    /// Sends the input and ends it; a program that wants none of it is no failure.
    private func send(_ input: [UInt8], to raw: Int32, until end: ContinuousClock.Instant) throws {
        var rest = input[...]
        while !rest.isEmpty {
            try wait(raw, Int16(POLLOUT), until: end)
            let count = rest.withUnsafeBytes {
                Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0, errno != EAGAIN, errno != EINTR { break }
            rest = rest.dropFirst(max(count, 0))
        }
        shutdown(raw, Int32(SHUT_WR))
    }

    /// Reads until the program's end is closed.
    private func receive(from raw: Int32, until end: ContinuousClock.Instant) throws -> [UInt8] {
        var output: [UInt8] = []
        var space = [UInt8](repeating: 0, count: 16384)
        while true {
            try wait(raw, Int16(POLLIN), until: end)
            let count = try checkCount("read", name) { read(raw, &space, space.count) }
            if count == 0 { return output }
            output += space[..<count]
            if output.count > limit {
                throw RuntimeError(.resourceExhausted, "\(name): an answer of more than \(limit) bytes")
            }
        }
    }

    /// A socket's two ends.
    private final class Pair {
        let ours: SharedDescriptor
        private var other: SharedDescriptor?
        var theirs: SharedDescriptor { other ?? ours }

        init(_ ours: SharedDescriptor, _ theirs: SharedDescriptor) {
            self.ours = ours
            other = theirs
        }

        func closeTheirs() { other = nil }
    }

    private static func pair() throws -> Pair {
        var ends: [SharedDescriptor] = []
        try Descriptor.socketPair().split { first, second in
            ends = [SharedDescriptor(first), SharedDescriptor(second)]
        }
        return Pair(ends[0], ends[1])
    }

    private func wait(_ descriptor: Int32, _ events: Int16, until end: ContinuousClock.Instant) throws {
        while true {
            let left = ContinuousClock.now.duration(to: end) / .milliseconds(1)
            guard left > 0 else {
                throw RuntimeError(.timeout, "\(name): no answer within \(short(timeout)) s")
            }
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let count = poll(&entry, 1, Int32(min(left.rounded(.up), 1e6)))
            if count > 0 { return }
            if count < 0, errno != EINTR { throw SystemCallError("poll", errno: errno, subject: name) }
        }
    }

    private static func environment() -> [String] {
        var all: [String] = []
        var place = environ
        while let entry = place.pointee {
            all.append(String(cString: entry))
            place += 1
        }
        return all
    }
}
