public import ContentStore
internal import Linux
internal import Metadata
public import OCISpec
public import RegistryClient
public import Snapshots
internal import Support

/// The images of this host: pulls, unpacks, lists, finds and removes them.
///
/// Any number of processes may use the same folder. Pulling is idempotent, and an interrupted pull is gone on with.
public final class ImageService: Sendable {
    /// The content behind the images.
    public let content: ContentStore
    let snapshots: any Snapshotter
    let registry: RegistryClient
    /// Where archives are unpacked while they are imported.
    let imports: String
    /// How many layers are brought in and unpacked at a time.
    static let layersAtATime = 3

    /// A service over `ROOT/content`, with the layers unpacked into `snapshots`.
    public init(root: String, snapshots: any Snapshotter, registry: RegistryClient) throws {
        imports = "\(root)/imports"
        self.snapshots = snapshots
        self.registry = registry
        content = try ContentStore(opening: "\(root)/content")
    }

    /// Closes connections; the service is of no use afterwards.
    public func shutdown() async {
        await registry.shutdown()
    }

    /// The image `text` names, pulled or unpacked only where it is not here already.
    ///
    /// - Parameter platform: nil is this machine's.
    public func ensure(
        _ text: String, platform: Platform? = nil, progress: @escaping ImageProgressHandler = { _ in }
    ) async throws -> Image {
        var isNamed = true
        switch try? ImageOrigin(text) {
        case .layout, .archive: isNamed = false
        default: break
        }
        // Held from before the look, so that what is found stays until it is unpacked.
        let lease = try content.lease()
        defer { withExtendedLifetime(lease) {} }
        if isNamed, let found = try? local(try find(text), platform) {
            try keep(found)
            if found.manifest.layers.allSatisfy(content.contains) { return try await unpacked(found, progress) }
        }
        return try await pull(text, platform: platform, progress: progress)
    }

    /// The image as its documents in the store describe it.
    func local(_ named: NamedImage, _ platform: Platform?) throws -> Image {
        let manifest = try localManifest(named.target, platform, depth: 0)
        let bytes = try content.read(manifest.configuration.digest, limit: ImageDocumentLimits.configurationBytes)
        let configuration = try ImageConfiguration(bytes)
        if let platform, platform.rank(configuration.platform) == nil {
            throw RuntimeError(.notFound, "image \(named.name): not here for \(platform)")
        }
        return try image(named.name, named.target, manifest, configuration)
    }

    func image(
        _ name: String, _ target: ContentDescriptor, _ manifest: Manifest, _ configuration: ImageConfiguration
    ) throws -> Image {
        guard manifest.layers.count == configuration.diffIDs.count else {
            throw RuntimeError(
                .invalidArgument,
                "image \(name): \(manifest.layers.count) layers, but its configuration names \(configuration.diffIDs.count)"
            )
        }
        let layers = try chainIDs(configuration.diffIDs).map(\.hex)
        return Image(name: name, target: target, manifest: manifest, configuration: configuration, layers: layers)
    }

    /// Puts all that an image is made of under the leases that are held.
    func keep(_ image: Image) throws {
        let documents = [image.target.digest, image.identifier] + image.manifest.layers.map(\.digest)
        try content.protect(documents.map(\.description) + image.layers.map(Metadata.layerItem))
    }

    private func localManifest(_ target: ContentDescriptor, _ platform: Platform?, depth: Int) throws -> Manifest {
        let bytes = try content.read(target.digest, limit: ImageDocumentLimits.manifestBytes)
        guard target.mediaType.isIndex else { return try Manifest(bytes) }
        let index = try ImageIndex(bytes)
        guard depth < ImageDocumentLimits.indexDepth else { throw tooDeep(target) }
        let here = index.manifests.filter { content.contains($0) && ($0.mediaType.isIndex || $0.mediaType.isManifest) }
        // Without a wish, whatever was pulled will do, this machine's first.
        guard let chosen = (platform ?? .host).choose(from: here) ?? (platform == nil ? here.first : nil) else {
            throw RuntimeError(.notFound, "index \(target.digest): nothing here for \(platform ?? .host)")
        }
        return try localManifest(chosen, platform, depth: depth + 1)
    }

    func tooDeep(_ target: ContentDescriptor) -> RuntimeError {
        RuntimeError(
            .invalidArgument, "index \(target.digest): indexes nested deeper than \(ImageDocumentLimits.indexDepth)")
    }
}
