internal import Support

/// A failure that another try may mend.
struct RegistryFailure: Error {
    let error: RuntimeError
    /// Seconds that the registry asked to wait.
    var retryAfter: Double?

    init(_ code: RuntimeError.Code, _ message: String, retryAfter: Double? = nil) {
        error = RuntimeError(code, message)
        self.retryAfter = retryAfter
    }
}

/// 416: what we have is not the beginning of what the registry has.
struct RangeRefused: Error {}
