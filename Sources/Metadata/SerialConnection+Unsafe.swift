internal import Glibc

/// A connection that one thread at a time uses.
///
/// SAFETY: the connection is reached only between lock and unlock.
final class SerialConnection: @unchecked Sendable {
    private let connection: Connection
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    /// Whether nothing can be written.
    let isReadOnly: Bool

    init(_ connection: Connection) {
        self.connection = connection
        isReadOnly = connection.isReadOnly
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        pthread_mutex_init(lock, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    /// Runs `body` alone; it must not come back here.
    func with<T>(_ body: (Connection) throws -> T) rethrows -> T {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(connection)
    }
}
