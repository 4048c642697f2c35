internal import JSON
internal import Support

/// The bounds that every image document is held to.
public enum ImageDocumentLimits {
    /// The largest manifest or index accepted, in bytes: what registries accept, too.
    public static let manifestBytes = 4 << 20
    /// The largest image configuration accepted, in bytes.
    public static let configurationBytes = 8 << 20
    /// The most layers an image may have.
    public static let layers = 512
    /// The most entries an index may have.
    public static let indexEntries = 4096
    /// How deeply indexes may point at indexes.
    public static let indexDepth = 4
}

/// One image for one platform: its configuration and its layers, bottom first (OCI image specification, manifest.md;
/// Docker schema 2).
public struct Manifest: Sendable {
    /// The document's own media type, or OCI's where it names none.
    public let mediaType: MediaType
    /// The image configuration's descriptor.
    public let configuration: ContentDescriptor
    /// The layers, the lowest first.
    public let layers: [ContentDescriptor]
    /// Free metadata; untrusted text.
    public let annotations: [String: String]
    /// The document as received; digests are over these bytes.
    public let raw: [UInt8]

    /// Parses a manifest of at most ``ImageDocumentLimits/manifestBytes``.
    ///
    /// A document that could also be read as an index is refused (CVE-2021-41190), as is schema 1.
    public init(_ bytes: [UInt8]) throws {
        var header = DocumentHeader()
        var configuration: ContentDescriptor?
        var layers: [ContentDescriptor]?
        var annotations: [String: String] = [:]
        try checkLength(bytes, ImageDocumentLimits.manifestBytes, "image manifest")
        try JSONReader.document(bytes) { reader in
            try reader.object { key, value in
                switch key {
                case "config": configuration = try value.optional { reader in try ContentDescriptor(from: &reader) }
                case "layers":
                    layers = try value.optional { reader in try reader.descriptors(ImageDocumentLimits.layers) } ?? []
                case "annotations": annotations = try value.optional { reader in try reader.stringMap() } ?? [:]
                case "manifests": throw value.failure("an image manifest must not have this member")
                default: try header.member(key, &value)
                }
            }
            try header.check(reader, "image manifest")
        }
        guard let configuration else { throw RuntimeError(.invalidArgument, "image manifest: no config") }
        guard let layers else { throw RuntimeError(.invalidArgument, "image manifest: no layers") }
        let type = header.mediaType ?? .ociManifest
        guard type.isManifest else {
            throw RuntimeError(.invalidArgument, "image manifest: mediaType is \(shortened(type.rawValue))")
        }
        mediaType = type
        self.configuration = configuration
        self.layers = layers
        self.annotations = annotations
        raw = bytes
    }
}

/// Manifests of one image for several platforms (OCI image specification, image-index.md; Docker manifest list).
public struct ImageIndex: Sendable {
    /// The document's own media type, or OCI's where it names none.
    public let mediaType: MediaType
    /// The entries: manifests, or further indexes.
    public let manifests: [ContentDescriptor]
    /// Free metadata; untrusted text.
    public let annotations: [String: String]
    /// The document as received; digests are over these bytes.
    public let raw: [UInt8]

    /// Parses an index of at most `limit` bytes.
    ///
    /// A document that could also be read as a manifest is refused (CVE-2021-41190).
    public init(_ bytes: [UInt8], limit: Int = ImageDocumentLimits.manifestBytes) throws {
        var header = DocumentHeader()
        var manifests: [ContentDescriptor]?
        var annotations: [String: String] = [:]
        try checkLength(bytes, limit, "image index")
        try JSONReader.document(bytes) { reader in
            try reader.object { key, value in
                switch key {
                case "manifests":
                    manifests =
                        try value.optional { reader in
                            try reader.descriptors(ImageDocumentLimits.indexEntries)
                        } ?? []
                case "annotations": annotations = try value.optional { reader in try reader.stringMap() } ?? [:]
                case "config", "layers": throw value.failure("an image index must not have this member")
                default: try header.member(key, &value)
                }
            }
            try header.check(reader, "image index")
        }
        guard let manifests else { throw RuntimeError(.invalidArgument, "image index: no manifests") }
        let type = header.mediaType ?? .ociIndex
        guard type.isIndex else {
            throw RuntimeError(.invalidArgument, "image index: mediaType is \(shortened(type.rawValue))")
        }
        mediaType = type
        self.manifests = manifests
        self.annotations = annotations
        raw = bytes
    }

    /// The text of an index with these entries, in the OCI form.
    public static func text(_ manifests: [ContentDescriptor]) -> [UInt8] {
        JSONWriter.text(indent: 2) { writer in
            writer.object { object in
                object.member("schemaVersion", 2)
                object.member("mediaType", MediaType.ociIndex.rawValue)
                object.member("manifests") { writer in
                    writer.array { writer in
                        for entry in manifests { entry.write(to: &writer) }
                    }
                }
            }
        }
    }
}

/// The members that manifests and indexes share.
private struct DocumentHeader {
    var mediaType: MediaType?
    var schema: Int64?

    mutating func member(_ key: String, _ value: inout JSONReader) throws {
        switch key {
        case "schemaVersion": schema = try value.integer(Int64.self)
        case "mediaType":
            mediaType = try value.optional { reader in try reader.string() }
                .flatMap { $0.isEmpty ? nil : MediaType(rawValue: $0) }
        default: try value.skip()
        }
    }

    func check(_ reader: JSONReader, _ what: String) throws {
        if schema == 1 {
            throw RuntimeError(
                .unsupported, "\(what): Docker schema 1 is not supported; push the image again with a newer tool")
        }
        guard schema == 2 else { throw reader.failure("schemaVersion must be 2") }
    }
}

func checkLength(_ bytes: [UInt8], _ limit: Int, _ what: String) throws {
    if bytes.count > limit {
        throw RuntimeError(.resourceExhausted, "\(what): \(bytes.count) bytes, at most \(limit) are accepted")
    }
}

extension JSONReader {
    /// Reads an array of at most `limit` descriptors.
    fileprivate mutating func descriptors(_ limit: Int) throws -> [ContentDescriptor] {
        var all: [ContentDescriptor] = []
        try array { reader in
            if all.count == limit { throw reader.failure("more than \(limit) entries") }
            all.append(try ContentDescriptor(from: &reader))
        }
        return all
    }
}
