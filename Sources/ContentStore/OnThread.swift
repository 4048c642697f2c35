internal import Dispatch

/// Runs what blocks on a thread outside Swift's own pool, however many such threads there are.
public func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "hako.blocking").async { continuation.resume(with: Result(catching: body)) }
    }
}
