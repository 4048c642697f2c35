public import JSON

/// Points at content: its type, digest and size (OCI image specification, descriptor.md).
public struct ContentDescriptor: Hashable, Sendable {
    /// What the content is.
    public var mediaType: MediaType
    /// The hash that the content must have.
    public var digest: Digest
    /// The content's size in bytes, 0 or more.
    public var size: Int64
    /// Where else the content may be had; foreign layers only.
    public var urls: [String]
    /// Free metadata; untrusted text.
    public var annotations: [String: String]
    /// What the content runs on, in an index.
    public var platform: Platform?

    /// Makes a descriptor.
    public init(
        mediaType: MediaType, digest: Digest, size: Int64, urls: [String] = [],
        annotations: [String: String] = [:], platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.urls = urls
        self.annotations = annotations
        self.platform = platform
    }

    /// Reads a descriptor; a missing type, digest or size, or a negative size, is an error that names the field.
    public init(from reader: inout JSONReader) throws {
        var type: String?
        var digest: Digest?
        var size: Int64?
        var urls: [String] = []
        var annotations: [String: String] = [:]
        var platform: Platform?
        try reader.object { key, value in
            switch key {
            case "mediaType": type = try value.optional { reader in try reader.string() }
            case "digest": digest = try value.digest()
            case "size": size = try value.byteCount()
            case "urls": urls = try value.optional { reader in try reader.strings() } ?? []
            case "annotations": annotations = try value.optional { reader in try reader.stringMap() } ?? [:]
            case "platform": platform = try value.optional { reader in try Platform(from: &reader) }
            default: try value.skip()
            }
        }
        guard let digest else { throw reader.failure("a descriptor without a digest") }
        guard let size else { throw reader.failure("a descriptor without a size") }
        guard let type, !type.isEmpty else { throw reader.failure("a descriptor without a mediaType") }
        self.init(
            mediaType: MediaType(rawValue: type), digest: digest, size: size, urls: urls, annotations: annotations,
            platform: platform)
    }

    /// Writes the descriptor; empty lists and maps are left out.
    public func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("mediaType", mediaType.rawValue)
            object.member("digest", digest.description)
            object.member("size", size)
            if !urls.isEmpty { object.member("urls", urls) }
            if !annotations.isEmpty { object.member("annotations", annotations) }
            if let platform { object.member("platform") { writer in platform.write(to: &writer) } }
        }
    }
}

extension JSONReader {
    /// Reads an integer from 0 up.
    mutating func byteCount() throws -> Int64 {
        let value = try integer(Int64.self)
        guard value >= 0 else { throw failure("a negative size") }
        return value
    }
}
