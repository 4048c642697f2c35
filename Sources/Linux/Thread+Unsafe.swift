internal import Glibc

/// Runs `body` on a thread of its own (pthread_create(3)), which ends with it.
///
/// For what waits: a pool of threads, such as Dispatch's, has as many as there are processors, and what is queued behind
/// those that wait starts a second later.
public func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
    let box = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    // SAFETY: the retained box is released by the new thread, or here where there is none.
    let code = pthread_create(
        &thread, nil,
        { pointer in
            if let pointer { Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run() }
            return nil
        }, box.toOpaque())
    guard code == 0 else {
        box.release()
        throw SystemCallError("pthread_create", errno: code)
    }
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}
