internal import Linux

/// A container of a daemon's: its record, and what those need to know who wait for it.
final class ContainerCell: Sendable {
    let id: String
    let state: Monitor<State>

    struct State {
        /// As it is on disk.
        var record: ContainerRecord
        /// Whether a thread starts, stops, renames or removes it; others wait.
        var isBusy = false
        /// How often it has ended since this daemon knows it.
        var exits = 0
        /// How its last start or run ended.
        var lastExit: ContainerExit?
        var isRemoved = false
        /// Clients that are attached before the start, and that the start waits for.
        var expectedClients = 0
        /// Counts up at each moment that they can attach at, or learn that they can't.
        var startRounds = 0
        /// Whether a shim waits for the start.
        var isAttachable = false
        var execs: [String: ExecSession] = [:]
    }

    private let lock: OwnerLock

    init(_ record: ContainerRecord, _ lock: OwnerLock) {
        id = record.id
        self.lock = lock
        state = Monitor(State(record: record))
    }

    /// The record as it is now.
    var record: ContainerRecord { state.update { $0.record } }

    /// Has something happen to the container, and does what follows from it; only within ``exclusively(_:)``.
    ///
    /// - Parameter change: made in the record before it is written.
    func handle(
        _ event: ContainerLifecycle.Event, _ service: ContainerService,
        change: (inout ContainerRecord.Supervision) -> Void = { _ in }
    ) throws {
        let container = OwnedContainer(record, lock)
        let actions = try container.record.lifecycle.handle(event)
        if var supervision = container.record.supervision {
            change(&supervision)
            container.record.supervision = supervision
        }
        defer { state.update { $0.record = container.record } }
        try service.perform(actions, on: container)
    }

    /// Changes the record without anything happening to the container; only within ``exclusively(_:)``.
    func change(_ service: ContainerService, _ body: (inout ContainerRecord) throws -> Void) throws {
        var record = record
        try body(&record)
        try service.store.write(record, durable: true)
        state.update { $0.record = record }
    }

    /// Does `body` while nobody else changes the container's state.
    func exclusively<T>(_ body: () throws -> T) rethrows -> T {
        state.wait { state -> Awaited<Void> in
            if state.isBusy { return .notYet }
            state.isBusy = true
            return .done(())
        }
        defer { state.update { $0.isBusy = false } }
        return try body()
    }
}

/// How a container, or its start, ended.
public struct ContainerExit: Sendable, Equatable {
    /// The exit code; 128 and the signal's number where one ended it.
    public var code: Int32
    /// What went wrong, where it was no ordinary end.
    public var message: String?
}

/// A program that somebody wants executed in a running container.
public struct ExecSession: Sendable {
    /// What is executed, and how.
    public struct Request: Sendable, Equatable {
        /// The program and its arguments.
        public var arguments: [String]
        /// `NAME=VALUE`, over the container's.
        public var environment: [String] = []
        /// The working folder; nil is the container's.
        public var workingFolder: String?
        /// Who runs it; nil is the container's user.
        public var user: String?
        /// Whether it gets a terminal.
        public var terminal = false
        /// What its client will send and take.
        public var streams = StreamChoice()
        /// Whether it gets every capability.
        public var privileged = false

        /// A program with nothing else said.
        public init(arguments: [String]) { self.arguments = arguments }
    }

    /// Where a session is in its life.
    public enum Phase: Sendable, Equatable {
        case prepared
        case starting
        case running(pid: Int32)
        case ended(code: Int32)
    }

    /// 64 hexadecimal digits.
    public let id: String
    /// The container's id.
    public let container: String
    /// What is executed.
    public let request: Request
    /// Where it is in its life.
    public internal(set) var phase = Phase.prepared
}
