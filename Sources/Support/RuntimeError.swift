/// The one error type that crosses a target's border in hako.
///
/// Its text reads from the user's noun inwards: `create cgroup /a/b: mkdir: permission denied (EACCES)`.
/// A door maps ``code`` once to its own form (exit code, HTTP status, gRPC status).
public struct RuntimeError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure this is; the set is closed, so that a door's mapping is total.
    public enum Code: String, Sendable, CaseIterable {
        case invalidArgument, notFound, alreadyExists, invalidState, permissionDenied, unsupported
        case resourceExhausted, timeout, cancelled, unavailable, `internal`
    }

    /// The kind of failure.
    public var code: Code
    /// What failed and on what: lower case, no full stop.
    public var message: String
    /// The error below this one, printed after a colon.
    public var cause: (any Error)?

    /// Makes an error; `cause` is the lower error that led to it.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message, followed by each cause's after a colon.
    public var description: String {
        guard let cause else { return message }
        return "\(message): \(cause)"
    }
}

/// An error that knows which ``RuntimeError/Code`` fits it; leaf errors such as a failed system call conform.
public protocol CodedError: Error {
    /// The code that an error wrapping this one takes.
    var runtimeCode: RuntimeError.Code { get }
}

extension RuntimeError: CodedError {
    /// The error's own code.
    public var runtimeCode: Code { code }
}

/// Runs `body`; an error it throws is wrapped with what was being done, keeping the lower error's code.
///
/// - Parameter doing: the step in the user's nouns, such as `create cgroup /a/b`; evaluated on failure only.
public func attempt<T: ~Copyable>(_ doing: @autoclosure () -> String, _ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch {
        throw RuntimeError((error as? any CodedError)?.runtimeCode ?? .internal, doing(), cause: error)
    }
}
