internal import Glibc
internal import Linux
internal import Support

/// Reads a container's log through all its files, oldest first, and what is added while it reads.
public struct LogReader: ~Copyable {
    /// The longest line that is read; a shim's are far shorter.
    private static let longestLine = 4 << 20

    private let path: String
    /// Files that are still to be read after the present one, the next one last; paths of those that were renamed meanwhile
    /// don't matter, as they are open.
    private var files: [SharedDescriptor] = []
    private var pending: [UInt8] = []
    private var place = 0

    /// - Parameter path: the file that is written now; `path.1` is the one before.
    init(path: String) throws {
        self.path = path
        // Opened newest first: a file that is renamed meanwhile is then read twice at worst, and known by its inode.
        var seen: Set<UInt64> = []
        for number in 0..<1000 {
            let name = number == 0 ? path : "\(path).\(number)"
            guard let file = try Self.open(name) else {
                if number == 0 { continue }
                break
            }
            if seen.insert(Self.inode(file)).inserted { files.append(file) }
        }
    }

    /// The next entry that is there; nil at the end, where more may come later.
    public mutating func next() throws -> LogEntry? {
        while true {
            if let line = takeLine() {
                if let entry = LogEntry(line: line) { return entry }
                continue
            }
            guard let file = files.last else {
                guard let first = try Self.open(path) else { return nil }
                files = [first]
                continue
            }
            let bytes = try readSome(file)
            if !bytes.isEmpty {
                if place > 0 { pending.removeFirst(place) }
                place = 0
                pending += bytes
                if pending.count > Self.longestLine { pending = [] }
                continue
            }
            guard try advance(beyond: file) else { return nil }
        }
    }

    /// Goes on to the next file; false where this is the one that is written now.
    private mutating func advance(beyond file: SharedDescriptor) throws -> Bool {
        if files.count > 1 {
            files.removeLast()
            return true
        }
        guard let now = try Self.open(path), Self.inode(now) != Self.inode(file) else { return false }
        // What was written between the last read and the renaming comes first.
        let rest = try readSome(file)
        if !rest.isEmpty {
            pending += rest
            return true
        }
        files = [now]
        return true
    }

    private mutating func takeLine() -> [UInt8]? {
        guard let end = pending[place...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { place = end + 1 }
        return Array(pending[place..<end])
    }

    private func readSome(_ file: SharedDescriptor) throws -> [UInt8] {
        try file.withBorrowed { try $0.readSome(128 << 10, path) }
    }

    private static func open(_ path: String) throws -> SharedDescriptor? {
        do throws(SystemCallError) {
            return SharedDescriptor(try Descriptor.open(path, O_RDONLY | O_NOFOLLOW))
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }

    private static func inode(_ file: SharedDescriptor) -> UInt64 {
        var status = stat()
        fstat(file.rawValue, &status)
        return UInt64(status.st_ino)
    }
}

/// Which entries of a log somebody wants.
public struct LogSelection: Sendable {
    /// Whether stdout's are wanted.
    public var output = true
    /// Whether stderr's are wanted.
    public var errors = true
    /// Only the last ones of what is there; nil is all.
    public var tail: Int?
    /// Only those since then, in nanoseconds of the Unix epoch.
    public var since: Int64?
    /// Only those until then.
    public var until: Int64?
    /// Whether what is still to come is waited for, until the container ends.
    public var follows = false

    /// All that is there.
    public init() {}

    func fits(_ entry: LogEntry) -> Bool {
        (entry.isError ? errors : output) && (since.map { entry.time >= $0 } ?? true)
            && (until.map { entry.time <= $0 } ?? true)
    }
}

extension ContainerSupervisor {
    /// Gives the entries of a container's log to `body`.
    ///
    /// - Parameter isGone: whether nobody wants more, asked from time to time.
    /// - Throws: `unsupported` where its output is not kept.
    public func readLog(
        _ reference: String, _ selection: LogSelection, unless isGone: () -> Bool, _ body: (LogEntry) throws -> Void
    ) throws {
        let cell = try cell(reference)
        let record = cell.record
        guard record.specification.log.driver == "json-file" else {
            throw RuntimeError(.unsupported, "configured logging driver does not support reading")
        }
        var reader = try LogReader(path: try service(record).logPath(of: record.id))
        var last: [LogEntry] = []
        while let entry = try reader.next() {
            guard selection.fits(entry) else { continue }
            guard let tail = selection.tail else {
                try body(entry)
                continue
            }
            last.append(entry)
            if last.count >= 2 * max(tail, 1) { last.removeFirst(last.count - tail) }
        }
        for entry in last.suffix(selection.tail ?? 0) { try body(entry) }
        guard selection.follows else { return }
        while !isGone() {
            // Asked before the last look, so that nothing is missed that was written before the end.
            let hasEnded = cell.state.update { $0.isRemoved || !$0.record.isRunning }
            while let entry = try reader.next() {
                if let until = selection.until, entry.time > until { return }
                if selection.fits(entry) { try body(entry) }
            }
            if hasEnded { return }
            let exits = cell.state.update { $0.exits }
            _ = cell.state.wait(milliseconds: 50) { state -> Awaited<Void> in
                state.exits > exits || state.isRemoved || isGone() ? .done(()) : .notYet
            }
        }
    }
}
