/// How a ``RegistryClient`` behaves; the defaults are right for people.
public struct RegistryOptions: Sendable {
    /// Seconds to wait for a connection.
    public var connectTimeout: Double = 15
    /// Seconds without a single byte before a registry counts as gone.
    public var idleTimeout: Double = 30
    /// Seconds that a manifest or token may take in all.
    public var documentTimeout: Double = 60
    /// Seconds that a registry may take to check and keep a blob when all of it was sent.
    public var commitTimeout: Double = 300
    /// Fewest bytes a second, averaged over ``idleTimeout``, that a blob must come with; slower is dripping.
    public var minimumRate: Double = 512
    /// How often a request is tried in all when nothing gets ahead.
    public var attempts = 5
    /// Seconds before the second try; doubled for each further one.
    public var backOff: Double = 0.25
    /// The longest pause between two tries, in seconds, also where the registry asks for more (Retry-After).
    public var longestPause: Double = 20
    /// Seconds that a mirror is passed over after a connection to it failed.
    public var mirrorRest: Double = 60
    /// Bytes of a blob sent at a time; nil sends all at once and falls back to parts only where a registry wants them.
    public var uploadChunk: Int64?
    /// Registries (`host` or `host:port`) spoken to by plain HTTP, besides those on loopback.
    public var plainRegistries: Set<String> = []
    /// Folders with mirrors and certificates, as containerd's and Docker's `certs.d`; the first that knows a registry
    /// decides.
    public var hostFolders: [String] = []
    /// The proxies to go through.
    public var proxies = ProxySettings()
    /// Called with what a registry wants people to know (OCI distribution specification, "Warnings"), each text once.
    public var warn: @Sendable (String) -> Void = { _ in }

    /// The defaults, without proxies, mirrors and certificates.
    public init() {}
}
