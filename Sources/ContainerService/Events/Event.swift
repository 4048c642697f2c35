internal import CLinux
internal import Glibc

/// Something that happened to an image, a container, a volume or a network.
public struct Event: Sendable, Equatable {
    /// What it happened to.
    public enum Kind: String, Sendable, CaseIterable {
        case container, image, volume, network, builder, daemon
    }

    /// What it happened to.
    public var kind: Kind
    /// What happened, such as `start`.
    public var action: String
    /// The thing's id, or its name where it has no id.
    public var subject: String
    /// What else is known: names, labels, exit codes.
    public var attributes: [String: String]
    /// When, in nanoseconds of the Unix epoch.
    public var time: Int64

    /// An event that happens now.
    public init(_ kind: Kind, _ action: String, _ subject: String, _ attributes: [String: String] = [:]) {
        self.kind = kind
        self.action = action
        self.subject = subject
        self.attributes = attributes
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        time = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}
