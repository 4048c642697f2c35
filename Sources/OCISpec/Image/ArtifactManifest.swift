internal import JSON

/// What a manifest or index says of an artifact (OCI image specification 1.1, manifest.md): nothing else of it is read.
public struct ArtifactManifest: Sendable {
    /// The document's own media type; empty where it names none.
    public let mediaType: MediaType
    /// What kind of artifact it is: `artifactType`, else the type of its `config`; empty where neither is there.
    public let artifactType: String
    /// What it is about, such as the image that a signature signs.
    public let subject: ContentDescriptor?
    /// Free metadata; untrusted text.
    public let annotations: [String: String]

    /// Parses a document of at most ``ImageDocumentLimits/manifestBytes``.
    public init(_ bytes: [UInt8]) throws {
        try checkLength(bytes, ImageDocumentLimits.manifestBytes, "artifact manifest")
        var type = ""
        var artifactType = ""
        var configurationType = ""
        var subject: ContentDescriptor?
        var annotations: [String: String] = [:]
        try JSONReader.document(bytes) { reader in
            try reader.object { key, value in
                switch key {
                case "mediaType": type = try value.optional { reader in try reader.string() } ?? ""
                case "artifactType": artifactType = try value.optional { reader in try reader.string() } ?? ""
                case "config":
                    let found = try value.optional { reader in try ContentDescriptor(from: &reader) }
                    configurationType = found?.mediaType.rawValue ?? ""
                case "subject": subject = try value.optional { reader in try ContentDescriptor(from: &reader) }
                case "annotations": annotations = try value.optional { reader in try reader.stringMap() } ?? [:]
                default: try value.skip()
                }
            }
        }
        mediaType = MediaType(rawValue: type)
        self.artifactType = artifactType.isEmpty ? configurationType : artifactType
        self.subject = subject
        self.annotations = annotations
    }
}
