internal import ContentStore
internal import OCISpec
internal import Support

/// What a push of one name sends: blobs first, then manifests, the one under the tag last.
struct PushPlan {
    /// A document that a manifest request puts.
    struct Document {
        var content: ContentDescriptor
        var bytes: [UInt8]
    }

    /// Configurations and layers, each once.
    private(set) var blobs: [ContentDescriptor] = []
    /// Manifests and indexes that the last one refers to, what is referred to first.
    private(set) var inner: [Document] = []
    /// What the tag will mean.
    private(set) var top: Document
    /// Platforms whose content is not here and which are left out.
    private(set) var missing: [String] = []

    private let store: ContentStore
    private var seen: Set<Digest> = []
    /// What became of each document: one that is referred to a thousand times is looked at once.
    private var known: [Digest: Document?] = [:]

    /// Plans a push of what a name refers to.
    ///
    /// - Parameter platform: only the image for it; nil is every one whose content is here.
    init(_ target: ContentDescriptor, platform: Platform?, store: ContentStore) throws {
        self.store = store
        top = Document(content: target, bytes: [])
        guard let found = try collect(target, platform, depth: 0) else {
            let known = missing.isEmpty ? "" : " (it is for \(missing.joined(separator: ", ")))"
            throw RuntimeError(
                .notFound, "the content\(platform.map { " for \($0)" } ?? "") is not here\(known); pull it first")
        }
        top = found
        inner.removeAll { $0.content.digest == found.content.digest }
    }

    /// Nil where nothing of it is to be pushed.
    private mutating func collect(_ content: ContentDescriptor, _ platform: Platform?, depth: Int) throws -> Document? {
        if let known = known[content.digest] { return known }
        let found = try look(at: content, platform, depth: depth)
        known[content.digest] = .some(found)
        return found
    }

    private mutating func look(at content: ContentDescriptor, _ platform: Platform?, depth: Int) throws -> Document? {
        guard store.contains(content) else { return nil }
        let bytes = try store.read(content.digest, limit: ImageDocumentLimits.manifestBytes)
        guard content.mediaType.isIndex else {
            let manifest = try Manifest(bytes)
            let blobs = [manifest.configuration] + manifest.layers.filter { !$0.mediaType.isForeign || $0.urls.isEmpty }
            guard blobs.allSatisfy(store.contains) else { return nil }
            for blob in blobs where seen.insert(blob.digest).inserted { self.blobs.append(blob) }
            return Document(content: content, bytes: bytes)
        }
        guard depth < ImageDocumentLimits.indexDepth else {
            throw RuntimeError(.invalidArgument, "index \(content.digest): indexes nested too deeply")
        }
        let index = try ImageIndex(bytes)
        if let platform {
            guard let chosen = platform.choose(from: index.manifests) else {
                missing = Set(index.manifests.compactMap { $0.platform?.description }).sorted()
                return nil
            }
            return try collect(chosen, platform, depth: depth + 1)
        }
        return try collect(entriesOf: index, Document(content: content, bytes: bytes), depth)
    }

    /// The index as it is where all of it is here; else what is here: one image alone, or an index of several.
    private mutating func collect(entriesOf index: ImageIndex, _ whole: Document, _ depth: Int) throws -> Document? {
        var present: [(entry: ContentDescriptor, document: Document)] = []
        for entry in index.manifests where entry.mediaType.isIndex || entry.mediaType.isManifest {
            if let document = try collect(entry, nil, depth: depth + 1) {
                present.append((entry, document))
            } else if entry.platform?.os != "unknown" {
                // What has no platform says something of the others, such as how they were made.
                missing.append(entry.platform?.description ?? entry.digest.short)
            }
        }
        guard let first = present.first else { return nil }
        if present.count == 1, index.manifests.count > 1 { return first.document }
        for part in present where seen.insert(part.document.content.digest).inserted { inner.append(part.document) }
        if present.count == index.manifests.count,
            zip(present, index.manifests).allSatisfy({ $0.document.content.digest == $1.digest })
        {
            return whole
        }
        let entries = present.map { part in
            var entry = part.entry
            entry.digest = part.document.content.digest
            entry.size = part.document.content.size
            entry.mediaType = part.document.content.mediaType
            return entry
        }
        let bytes = ImageIndex.text(entries)
        let digest = try ContentHash.digest(of: bytes)
        return Document(
            content: ContentDescriptor(mediaType: .ociIndex, digest: digest, size: Int64(bytes.count)), bytes: bytes)
    }
}
