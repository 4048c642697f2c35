public import OCISpec

/// An image whose documents and layers are in the store and unpacked.
public struct Image: Sendable {
    /// The name it was found by, in full; an ID where it was found by that.
    public let name: String
    /// What the name refers to: an index or a manifest.
    public let target: ContentDescriptor
    /// The manifest for the platform.
    public let manifest: Manifest
    /// How it runs.
    public let configuration: ImageConfiguration
    /// The image's ID: the digest of its configuration.
    public var identifier: Digest { manifest.configuration.digest }
    /// The chain IDs of its layers, the lowest first, as the snapshotter names them.
    public let layers: [String]
    /// Bytes of its layers as they lie in the content store.
    public var size: Int64 { manifest.layers.reduce(0) { $0 &+ $1.size } }

    /// What a container takes from it.
    public var containerImage: ContainerImage {
        var image = ContainerImage(reference: name, identifier: identifier.description, layers: layers)
        let process = configuration.process
        image.environment = process.environment
        image.entrypoint = process.entrypoint
        image.command = process.command
        image.workingFolder = process.workingFolder
        image.user = process.user
        image.labels = process.labels
        image.stopSignal = process.stopSignal
        return image
    }
}
