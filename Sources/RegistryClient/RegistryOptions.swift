/// Name and password for a registry.
public struct RegistryCredential: Sendable, Hashable {
    /// The user's name.
    public var user: String
    /// The password or access token.
    public var password: String

    /// Makes a credential.
    public init(user: String, password: String) {
        self.user = user
        self.password = password
    }
}

/// How a ``RegistryClient`` behaves; the defaults are right for people.
public struct RegistryOptions: Sendable {
    /// Seconds to wait for a connection.
    public var connectTimeout: Double = 15
    /// Seconds without a single byte before a registry counts as gone.
    public var idleTimeout: Double = 30
    /// Seconds that a manifest or token may take in all.
    public var documentTimeout: Double = 60
    /// Fewest bytes a second, averaged over ``idleTimeout``, that a blob must come with; slower is dripping.
    public var minimumRate: Double = 512
    /// How often a request is tried in all when nothing gets ahead.
    public var attempts = 5
    /// Seconds before the second try; doubled for each further one.
    public var backOff: Double = 0.25
    /// The longest pause between two tries, in seconds, also where the registry asks for more (Retry-After).
    public var longestPause: Double = 20
    /// Registries (`host` or `host:port`) spoken to by plain HTTP, besides those on loopback.
    public var plainRegistries: Set<String> = []
    /// The proxies to go through.
    public var proxies = ProxySettings()

    /// The defaults, without proxies.
    public init() {}
}
