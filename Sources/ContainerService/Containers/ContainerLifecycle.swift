internal import Support

/// Where a container is in its life, and what follows from what happens to it. No I/O: a driver does the actions.
///
/// ```
///              prepared            start              started             ended
///  preparing ───────────▶ created ───────▶ starting ───────────▶ running ───────▶ exited
///      │                    │                 │ startFailed ─────────────────────▶  │
///      │ ownerDied          │ remove          │ ownerDied, remove(force) from any   │ remove
///      ▼                    ▼                 ▼                                     ▼
///   removing ◀──────────────┴─────────────────┴─────────────────────────────────────┘ ──removed──▶ removed
/// ```
public enum ContainerLifecycle: Sendable, Equatable {
    /// Its files and root are being made.
    case preparing
    /// It can be started.
    case created
    /// The runtime is making it.
    case starting
    /// Its process runs; `since` in seconds of the Unix epoch.
    case running(pid: Int32, since: Int64)
    /// It has ended.
    case exited(Ending)
    /// Its files are being removed.
    case removing
    /// Nothing is left of it.
    case removed

    /// How a container ended.
    public struct Ending: Sendable, Equatable {
        /// The exit code as a shell shows it: 128 and the signal's number for a killed process.
        public var code: Int32
        /// When, in seconds of the Unix epoch.
        public var at: Int64
        /// What went wrong, where it was no ordinary end.
        public var reason: String?

        /// An ending.
        public init(code: Int32, at: Int64, reason: String? = nil) {
            self.code = code
            self.at = at
            self.reason = reason
        }
    }

    /// What can happen to a container.
    public enum Event: Sendable, Equatable {
        /// Its files and root are there.
        case prepared
        /// Someone wants it to run.
        case start
        /// The runtime has started it.
        case started(pid: Int32, at: Int64)
        /// The runtime could not make or start it.
        case startFailed(Ending)
        /// Its process has ended.
        case ended(Ending)
        /// The program that looked after it has died.
        case ownerDied(at: Int64)
        /// Someone wants it removed; `force` kills it first.
        case remove(force: Bool)
        /// Its files are gone.
        case removed
    }

    /// What a driver has to do, in this order.
    public enum Action: Sendable, Equatable {
        /// Write the record.
        case persist
        /// Kill and delete what the runtime has of it.
        case deleteRuntimeContainer
        /// Unmount the root and remove the bundle.
        case releaseRoot
        /// Remove snapshot, files and record.
        case removeFiles
        /// Remove it now, where it was to remove itself.
        case removeIfEphemeral
    }

    /// The state's name, as people see it.
    public var name: String {
        switch self {
        case .preparing: "preparing"
        case .created: "created"
        case .starting: "starting"
        case .running: "running"
        case .exited: "exited"
        case .removing: "removing"
        case .removed: "removed"
        }
    }

    /// Whether a program must be looking after the container in this state.
    public var needsOwner: Bool {
        switch self {
        case .preparing, .starting, .running, .removing: true
        case .created, .exited, .removed: false
        }
    }

    /// Takes the event into account.
    ///
    /// - Returns: what to do now.
    /// - Throws: `invalidState` where the event is impossible; the state is then unchanged.
    public mutating func handle(_ event: Event) throws -> [Action] {
        let unwind: [Action] = [.deleteRuntimeContainer, .releaseRoot]
        switch (self, event) {
        case (.preparing, .prepared): return move(.created, [.persist])
        case (.created, .start), (.exited, .start): return move(.starting, [.persist])
        case (.starting, .started(let pid, let at)): return move(.running(pid: pid, since: at), [.persist])
        case (.starting, .startFailed(let ending)):
            return move(.exited(ending), unwind + [.persist, .removeIfEphemeral])
        case (.running, .ended(let ending)): return move(.exited(ending), unwind + [.persist, .removeIfEphemeral])
        case (.preparing, .ownerDied): return move(.removing, unwind + [.removeFiles])
        case (.starting, .ownerDied(let at)), (.running, .ownerDied(let at)):
            let ending = Ending(code: 137, at: at, reason: "the program that looked after it died")
            return move(.exited(ending), unwind + [.persist, .removeIfEphemeral])
        case (.removing, .ownerDied): return unwind + [.removeFiles]
        case (.created, .ownerDied), (.exited, .ownerDied): return []
        case (.created, .remove), (.exited, .remove): return move(.removing, [.persist] + unwind + [.removeFiles])
        case (.preparing, .remove(true)), (.starting, .remove(true)), (.running, .remove(true)),
            (.removing, .remove(true)):
            return move(.removing, [.persist] + unwind + [.removeFiles])
        case (.removing, .removed): return move(.removed, [])
        default: throw RuntimeError(.invalidState, refusal(of: event))
        }
    }

    private mutating func move(_ next: ContainerLifecycle, _ actions: [Action]) -> [Action] {
        self = next
        return actions
    }

    private func refusal(of event: Event) -> String {
        switch event {
        case .remove: "it is \(name): stop it first or remove it by force"
        case .start: "it is \(name) and can't be started"
        default: "it is \(name), which does not go with \(event)"
        }
    }
}
