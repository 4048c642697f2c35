/// One step of a pull, for whoever shows it. Called from any thread.
public struct ImageProgress: Sendable {
    /// What is being done.
    public enum Phase: String, Sendable {
        case resolving, waiting, downloading, verifying, extracting, done
    }

    /// The layer's short digest, or the image's name while it is resolved.
    public let item: String
    /// What is being done to it.
    public let phase: Phase
    /// Bytes that are there.
    public let bytes: Int64
    /// Bytes in all; 0 where unknown.
    public let total: Int64
}

/// Receives the steps of a pull.
public typealias ImageProgressHandler = @Sendable (ImageProgress) -> Void
