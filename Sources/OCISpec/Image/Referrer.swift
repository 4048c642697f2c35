internal import JSON
internal import Support

/// An artifact that refers to another document, as a list of referrers has it (OCI distribution specification 1.1).
public struct Referrer: Sendable, Hashable {
    /// The artifact's manifest, with its annotations.
    public let descriptor: ContentDescriptor
    /// What kind of artifact it is; untrusted text.
    public let artifactType: String

    /// Makes an entry.
    public init(_ descriptor: ContentDescriptor, artifactType: String) {
        self.descriptor = descriptor
        self.artifactType = artifactType
    }

    /// The entry of an artifact whose manifest is known.
    public init(_ descriptor: ContentDescriptor, _ manifest: ArtifactManifest) {
        var descriptor = descriptor
        descriptor.annotations = manifest.annotations
        self.init(descriptor, artifactType: manifest.artifactType)
    }

    /// Parses a list of at most `limit` bytes: an image index whose entries have an `artifactType`.
    public static func list(_ bytes: [UInt8], limit: Int = ImageDocumentLimits.manifestBytes) throws -> [Referrer] {
        let index = try ImageIndex(bytes, limit: limit)
        var types: [String] = []
        try JSONReader.document(bytes) { reader in
            try reader.object { key, value in
                guard key == "manifests" else { return try value.skip() }
                types = try value.optional { reader in try reader.list(kind) } ?? []
            }
        }
        guard types.count == index.manifests.count else {
            throw RuntimeError(.invalidArgument, "list of referrers: its manifests are there twice")
        }
        return zip(index.manifests, types).map { Referrer($0, artifactType: $1) }
    }

    /// The text of a list.
    public static func text(_ referrers: [Referrer]) -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                object.member("schemaVersion", 2)
                object.member("mediaType", MediaType.ociIndex.rawValue)
                object.member("manifests") { writer in
                    writer.array { writer in for referrer in referrers { referrer.write(to: &writer) } }
                }
            }
        }
    }

    private func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("mediaType", descriptor.mediaType.rawValue)
            object.member("digest", descriptor.digest.description)
            object.member("size", descriptor.size)
            if !artifactType.isEmpty { object.member("artifactType", artifactType) }
            if !descriptor.annotations.isEmpty { object.member("annotations", descriptor.annotations) }
        }
    }
}

/// The `artifactType` of a descriptor; empty where it has none.
private func kind(_ reader: inout JSONReader) throws -> String {
    var type = ""
    try reader.object { key, value in
        guard key == "artifactType" else { return try value.skip() }
        type = try value.optional { reader in try reader.string() } ?? ""
    }
    return type
}
