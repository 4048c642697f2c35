/// What a container takes from its image: names to show and what runs by default.
///
/// Every text comes from the image and is untrusted; it is only ever used as data of the container.
public struct ContainerImage: Sendable, Equatable {
    /// The name it was asked for by.
    public var reference: String
    /// The image's ID: the digest of its configuration.
    public var identifier: String
    /// The chain IDs of its layers, lowest first.
    public var layers: [String]
    /// `NAME=VALUE`.
    public var environment: [String] = []
    /// The words in front of the command.
    public var entrypoint: [String] = []
    /// The default command.
    public var command: [String] = []
    /// The working folder; empty is `/`.
    public var workingFolder = ""
    /// `user`, `uid`, `user:group` or `uid:gid`; empty is root.
    public var user = ""
    /// Labels.
    public var labels: [String: String] = [:]
    /// The signal that asks the program to stop; empty is SIGTERM.
    public var stopSignal = ""

    /// An image without defaults.
    public init(reference: String, identifier: String, layers: [String]) {
        self.reference = reference
        self.identifier = identifier
        self.layers = layers
    }
}
