internal import Linux

/// The events of this process: the last ones are kept, and those who follow get each as it happens.
public final class EventLog: Sendable {
    private struct State {
        var events: [Event] = []
        /// The number of the first of `events` since the start.
        var first = 0
    }

    /// How many events are kept.
    static let capacity = 1024

    private let state = Monitor(State())

    /// An empty log.
    public init() {}

    /// Adds an event.
    public func add(_ event: Event) {
        state.update { state in
            state.events.append(event)
            // In halves, so that dropping costs nothing at most events.
            if state.events.count >= 2 * Self.capacity {
                state.events.removeFirst(Self.capacity)
                state.first += Self.capacity
            }
        }
    }

    /// The number that the next event gets: where someone starts who wants what is still to come.
    public var end: Int { state.update { $0.first + $0.events.count } }

    /// The events that are kept, and the number behind them.
    public func kept() -> (events: [Event], end: Int) {
        state.update { ($0.events.suffix(Self.capacity), $0.first + $0.events.count) }
    }

    /// Waits for events from a number on; nil once `isOver` says so, which is asked at each ``wake()``.
    ///
    /// Who comes too late for some gets those that are left.
    public func next(_ number: Int, unless isOver: () -> Bool) -> (events: [Event], end: Int)? {
        state.wait { state in
            if isOver() { return .done(nil) }
            let end = state.first + state.events.count
            guard end > number else { return .notYet }
            return .done((Array(state.events.dropFirst(max(0, number - state.first))), end))
        }
    }

    /// Has everyone who waits ask again whether it is over.
    public func wake() { state.update { _ in } }
}
