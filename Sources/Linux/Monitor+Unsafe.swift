internal import Glibc

/// State that threads share under a lock, and that they can wait upon.
///
/// Waiting blocks the thread: never on Swift's cooperative pool.
public final class Monitor<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    /// Starts with `state`.
    public init(_ state: consuming sending State) {
        self.state = state
        // SAFETY: both stay at one address from here to deinit, and are initialised before any use.
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the state, and wakes whoever waits.
    public func update<R>(_ body: (inout State) throws -> R) rethrows -> R {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return try body(&state)
    }

    /// Waits until `body` is done, which is asked again after each ``update(_:)``; it may change the state.
    public func wait<R>(_ body: (inout State) throws -> Awaited<R>) rethrows -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if case .done(let result) = try body(&state) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// Waits as ``wait(_:)`` does, but at most so many milliseconds; nil where that was not enough.
    public func wait<R>(milliseconds: Int, _ body: (inout State) throws -> Awaited<R>) rethrows -> R? {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = end.tv_nsec + (milliseconds % 1000) * 1_000_000
        end.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if case .done(let result) = try body(&state) { return result }
            if pthread_cond_timedwait(condition, mutex, &end) == ETIMEDOUT {
                if case .done(let result) = try body(&state) { return result }
                return nil
            }
        }
    }
}

/// What a look at the state of a ``Monitor`` comes to.
public enum Awaited<R> {
    /// Not yet: wait for a change.
    case notYet
    /// What was waited for.
    case done(R)
}
