/// The kind of a document or blob, as a media type (OCI image specification, media-types.md; Docker schema 2).
public struct MediaType: RawRepresentable, Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The media type's text.
    public let rawValue: String

    /// Takes any text; an unknown type is no error here.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Takes a literal.
    public init(stringLiteral value: String) {
        rawValue = value
    }

    /// The text itself.
    public var description: String { rawValue }

    // MARK: OCI

    /// OCI image index.
    public static let ociIndex: MediaType = "application/vnd.oci.image.index.v1+json"
    /// OCI image manifest.
    public static let ociManifest: MediaType = "application/vnd.oci.image.manifest.v1+json"
    /// OCI image configuration.
    public static let ociConfiguration: MediaType = "application/vnd.oci.image.config.v1+json"
    /// OCI layer, plain tar.
    public static let ociLayer: MediaType = "application/vnd.oci.image.layer.v1.tar"
    /// OCI layer, tar with gzip.
    public static let ociLayerGzip: MediaType = "application/vnd.oci.image.layer.v1.tar+gzip"
    /// OCI layer, tar with zstd.
    public static let ociLayerZstd: MediaType = "application/vnd.oci.image.layer.v1.tar+zstd"
    /// OCI layer that a registry need not hold, plain tar.
    public static let ociForeignLayer: MediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar"
    /// OCI layer that a registry need not hold, tar with gzip.
    public static let ociForeignLayerGzip: MediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    /// OCI layer that a registry need not hold, tar with zstd.
    public static let ociForeignLayerZstd: MediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"

    // MARK: Docker schema 2

    /// Docker manifest list.
    public static let dockerIndex: MediaType = "application/vnd.docker.distribution.manifest.list.v2+json"
    /// Docker schema 2 manifest.
    public static let dockerManifest: MediaType = "application/vnd.docker.distribution.manifest.v2+json"
    /// Docker image configuration.
    public static let dockerConfiguration: MediaType = "application/vnd.docker.container.image.v1+json"
    /// Docker layer, plain tar.
    public static let dockerLayer: MediaType = "application/vnd.docker.image.rootfs.diff.tar"
    /// Docker layer, tar with gzip.
    public static let dockerLayerGzip: MediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    /// Docker layer, tar with zstd (written by some builders).
    public static let dockerLayerZstd: MediaType = "application/vnd.docker.image.rootfs.diff.tar.zstd"
    /// Docker layer that a registry need not hold, tar with gzip.
    public static let dockerForeignLayer: MediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

    /// What a client that pulls images accepts as the answer to a manifest request, most wanted first.
    public static let manifests: [MediaType] = [ociIndex, dockerIndex, ociManifest, dockerManifest]

    /// True for an index or a manifest list.
    public var isIndex: Bool { self == .ociIndex || self == .dockerIndex }
    /// True for an image manifest.
    public var isManifest: Bool { self == .ociManifest || self == .dockerManifest }
    /// True for an image configuration.
    public var isConfiguration: Bool { self == .ociConfiguration || self == .dockerConfiguration }
    /// True for a layer that registries need not hold; its descriptor has `urls`.
    public var isForeign: Bool {
        [.ociForeignLayer, .ociForeignLayerGzip, .ociForeignLayerZstd, .dockerForeignLayer].contains(self)
    }

    /// How a layer blob is compressed; nil where this is not a layer's type.
    public var layerCompression: LayerCompression? {
        switch self {
        case .ociLayer, .ociForeignLayer, .dockerLayer: LayerCompression.none
        case .ociLayerGzip, .ociForeignLayerGzip, .dockerLayerGzip, .dockerForeignLayer: .gzip
        case .ociLayerZstd, .ociForeignLayerZstd, .dockerLayerZstd: .zstd
        default: nil
        }
    }
}

/// The compression of a layer's tar stream.
public enum LayerCompression: String, Sendable, CaseIterable {
    case none, gzip, zstd
}
