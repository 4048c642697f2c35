public import Dockerfile
public import Linux
public import OCISpec

/// What an image shall be built from, and how.
public struct BuildRequest: Sendable {
    /// The parsed file.
    public var dockerfile: Dockerfile
    /// What COPY and ADD take from.
    public var context: BuildContext
    /// Further contexts by name, for `COPY --from=NAME` and FROM.
    public var contexts: [String: BuildContext] = [:]
    /// The names that the image gets.
    public var tags: [ImageReference] = []
    /// Values of ARGs.
    public var arguments: [String: String] = [:]
    /// The stage that is the image: its name or number; nil is the last.
    public var target: String?
    /// Whether steps that were carried out before are taken from the cache.
    public var usesCache = true
    /// Whether images are pulled also where they are here.
    public var pullsAlways = false
    /// What the image runs on; nil is this machine.
    public var platform: Platform?
    /// Labels over those of the file.
    public var labels: [String: String] = [:]
    /// The network of RUN steps.
    public var network = ContainerSpecification.Network.host
    /// Secrets by their identity.
    public var secrets: [String: [UInt8]] = [:]
    /// The time that the image has, and its files at the latest: seconds since 1970.
    public var sourceDate = BuildRequest.defaultSourceDate
    /// How many stages are built at a time.
    public var parallelStages = 4

    /// 1980-01-01: the earliest time that a ZIP archive can hold, so that tools inside images can work with it.
    public static let defaultSourceDate: Int64 = 315_532_800

    /// A request without options.
    public init(dockerfile: Dockerfile, context: BuildContext) {
        self.dockerfile = dockerfile
        self.context = context
    }
}

/// A folder that COPY takes from, without what is ignored.
public final class BuildContext: Sendable {
    /// The folder; nothing outside it is ever read.
    public let root: RootDirectory
    /// What is left out.
    public let ignore: IgnoreFile

    /// A folder of the host.
    public init(_ root: consuming RootDirectory, ignore: IgnoreFile = IgnoreFile()) {
        self.root = root
        self.ignore = ignore
    }
}

/// A built image.
public struct BuildResult: Sendable {
    /// The image's ID: the digest of its configuration.
    public let identifier: Digest
    /// Its manifest.
    public let manifest: ContentDescriptor
    /// The configuration's document.
    public let configuration: [UInt8]
    /// The chain IDs of its layers, lowest first.
    public let layers: [String]
    /// Its layers' blobs.
    public let blobs: [ContentDescriptor]
    /// Steps that came from the cache, and all that make layers.
    public let cached: Int
    /// All steps.
    public let steps: Int
}
