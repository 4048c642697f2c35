public import OCISpec

/// One step of a push, for whoever shows it. Called from any thread.
public struct PushProgress: Sendable {
    /// What is being done to a blob.
    public enum Phase: Sendable, Hashable {
        case preparing
        case pushing
        case pushed
        case present
        case mounted(from: String)
    }

    /// The blob.
    public let content: ContentDescriptor
    /// What is being done to it.
    public let phase: Phase
    /// Bytes sent.
    public let bytes: Int64
}

/// What a push of one name came to.
public struct PushResult: Sendable {
    /// The name, in full.
    public let reference: ImageReference
    /// What the tag means in the registry now.
    public let target: ContentDescriptor
    /// Platforms whose content is not here and which were left out.
    public let missing: [String]
}
