internal import ContentStore
internal import Metadata
public import OCISpec
internal import Support

/// An image in a list, known without reading its documents.
public struct ImageListing: Sendable, Hashable {
    /// The full name; nil for an image without one.
    public let name: String?
    /// The digest of the index or manifest that the name refers to.
    public let target: Digest
    /// The image's ID: the digest of its configuration.
    public let identifier: Digest
    /// When it was made, in seconds of the Unix epoch; nil where the image does not say.
    public let created: Int64?
    /// Bytes of its layers in the content store.
    public let size: Int64
    /// What it runs on.
    public let platform: String

    /// The name in its parts; nil for an image without one.
    public var reference: ImageReference? { name.flatMap { try? ImageReference($0) } }
}

extension ImageService {
    /// Every name and what it refers to, by name, and the images without one; an image whose documents are missing or
    /// damaged is left out (``checkStore(full:repair:)`` tells of it).
    public func listings() throws -> [ImageListing] {
        var fresh: [Digest: ImageSummary] = [:]
        let metadata = try content.metadata()
        let all = try metadata.summaries().compactMap { entry -> ImageListing? in
            let digest = entry.image.target.digest
            guard let summary = entry.summary ?? fresh[digest] ?? summary(of: entry.image) else { return nil }
            if entry.summary == nil { fresh[digest] = summary }
            return ImageListing(
                name: entry.image.isNameless ? nil : entry.image.name, target: digest,
                identifier: summary.identifier, created: summary.created, size: summary.size,
                platform: summary.platform)
        }
        // Kept for the next list; a store that can't be written is listed all the same.
        if !metadata.isReadOnly { try? metadata.putSummaries(fresh) }
        return all
    }

    /// Every name and what it refers to, by name, with its documents; one whose documents are damaged is left out.
    public func list() throws -> [Image] {
        try content.images().compactMap { try? local($0, nil) }
    }

    /// Finds an image by name, ID or the beginning of an ID; it need not be unpacked.
    ///
    /// - Throws: `notFound`; `invalidArgument` where an ID's beginning fits several images.
    public func resolve(_ text: String, platform: Platform? = nil) throws -> Image {
        try local(try find(text), platform)
    }

    func find(_ text: String) throws -> NamedImage {
        let metadata = try content.metadata()
        if let reference = try? ImageReference(text) {
            if let found = try metadata.image(named: reference.description) { return found }
            if let digest = reference.digest, let found = try find(digest, of: reference) { return found }
        }
        if let found = try find(identifier: text) { return found }
        _ = try ImageOrigin(text)
        throw RuntimeError(.notFound, "image \(text): not here; pull it first")
    }

    /// An image that was pulled by a tag of the repository and has the digest.
    private func find(_ digest: Digest, of reference: ImageReference) throws -> NamedImage? {
        try content.images().first { image in
            image.target.digest == digest && (try? ImageReference(image.name).name) == reference.name
        }
    }

    private func find(identifier text: String) throws -> NamedImage? {
        let hex = text.hasPrefix("sha256:") ? String(text.dropFirst("sha256:".count)) : text
        guard (2...64).contains(hex.utf8.count), hex.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            return nil
        }
        let listed = try listings()
        // As docker has it, an image is found by the digest of its manifest too.
        for digest in [\ImageListing.identifier, \.target] {
            let fitting = listed.filter { $0[keyPath: digest].hex.hasPrefix(hex) }
            if Set(fitting.map { $0[keyPath: digest] }).count > 1 {
                throw RuntimeError(.invalidArgument, "image \(text): several images have an ID that begins so")
            }
            if let image = fitting.first {
                return try content.metadata().image(named: image.name ?? "@\(image.target)")
            }
        }
        return nil
    }

    private func summary(of named: NamedImage) -> ImageSummary? {
        guard let image = try? local(named, nil) else { return nil }
        return ImageSummary(
            identifier: image.identifier, created: Timestamps.seconds(image.configuration.created), size: image.size,
            platform: image.configuration.platform.description)
    }

    /// Notes what was learnt while an image was brought in.
    func remember(_ image: Image, from source: any ImageSource) throws {
        let metadata = try content.metadata()
        try metadata.noteLayers(
            zip(image.manifest.layers, image.configuration.diffIDs).map { layer, diffID in
                Metadata.LayerBlob(digest: layer.digest, size: layer.size, diffID: diffID)
            })
        guard let repository = source.repository else { return }
        let documents = try content.documents(from: image.target)
        try metadata.noteSource(repository, of: documents + [image.identifier] + image.manifest.layers.map(\.digest))
    }
}
