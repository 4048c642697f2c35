internal import Archive
internal import ContentStore
internal import Glibc
internal import JSON
public import Linux
internal import Metadata
public import OCISpec
internal import Support

/// What one archive holds: images, each with the names it is saved by.
private struct SavedImage {
    let image: Image
    let manifest: ContentDescriptor
    var names: [ImageReference]
}

extension ImageService {
    /// Writes images as one tar file that is both an OCI layout and what `docker load` of any age reads.
    ///
    /// An image given by an ID is saved without a name, one given by a repository with all its tags, as docker has it.
    /// - Parameters:
    ///   - platform: nil is this machine's, or the only one that is here.
    ///   - output: takes the archive.
    public func save(_ texts: [String], platform: Platform? = nil, to output: borrowing Descriptor) throws {
        let lease = try content.lease()
        defer { withExtendedLifetime(lease) {} }
        let saved = try texts.reduce(into: [SavedImage]()) { all, text in
            for next in try attempt("save image \(text)", { try self.saved(text, platform) }) {
                if let place = all.firstIndex(where: { $0.manifest.digest == next.manifest.digest }) {
                    all[place].names += next.names.filter { !all[place].names.contains($0) }
                } else {
                    all.append(next)
                }
            }
        }
        let raw = output.rawValue
        let writer = try TarWriter { try writeAll($0, to: raw) }
        try write(saved, writer)
        try writer.finish()
    }

    private func saved(_ text: String, _ platform: Platform?) throws -> [SavedImage] {
        let named = try find(text)
        let reference = try? ImageReference(text)
        var names: [ImageReference] = []
        if let reference, reference.description == named.name, reference.digest == nil { names = [reference] }
        // A repository alone means all its tags.
        if let reference, !text.hasSuffix(":\(reference.tag ?? "")"), reference.digest == nil {
            let all = try content.images().filter { (try? ImageReference($0.name))?.name == reference.name }
            if all.count > 1 { return try all.map { try saved($0, platform, [try ImageReference($0.name)]) } }
        }
        return [try saved(named, platform, names)]
    }

    private func saved(_ named: NamedImage, _ platform: Platform?, _ names: [ImageReference]) throws -> SavedImage {
        let image = try local(named, platform)
        try keep(image)
        for layer in image.manifest.layers where !content.contains(layer) {
            throw RuntimeError(.notFound, "layer \(layer.digest): not in the store; pull the image again")
        }
        let digest = try ContentHash.digest(of: image.manifest.raw)
        var manifest = ContentDescriptor(
            mediaType: image.manifest.mediaType, digest: digest, size: Int64(image.manifest.raw.count))
        manifest.platform = image.configuration.platform
        return SavedImage(image: image, manifest: manifest, names: names.filter { $0.digest == nil })
    }

    private func write(_ saved: [SavedImage], _ writer: TarWriter) throws {
        try writer.add(.folder("blobs/"))
        try writer.add(.folder("blobs/sha256/"))
        var written: Set<Digest> = []
        for entry in saved {
            let manifest = entry.image.manifest
            for content in [manifest.configuration] + manifest.layers + [entry.manifest]
            where written.insert(content.digest).inserted {
                try add(content, writer)
            }
        }
        let index = ImageIndex.text(saved.flatMap(\.entries))
        for (name, bytes) in [
            ("index.json", index), ("manifest.json", Self.dockerManifest(saved)),
            ("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)),
            ("repositories", Self.repositories(saved)),
        ] where !bytes.isEmpty {
            try writer.add(.file(name, size: Int64(bytes.count)), bytes)
        }
    }

    /// Copies a blob, hashing it: an archive never carries on what is damaged here.
    private func add(_ blob: ContentDescriptor, _ writer: TarWriter) throws {
        let file = try content.open(blob.digest)
        var hash = ContentHash(blob.digest.algorithm)
        try writer.add(.file(archivePath(blob.digest), size: blob.size))
        while true {
            let part = try file.readSome(1 << 20, blob.digest.description)
            if part.isEmpty { break }
            hash.update(part)
            try part.withUnsafeBytes { try writer.write($0) }
        }
        guard try hash.digest() == blob.digest else {
            throw RuntimeError(.invalidState, "blob \(blob.digest): damaged in the content store; pull the image again")
        }
    }

    /// What `docker load` reads: for each image its configuration, names and layers, lowest first.
    private static func dockerManifest(_ saved: [SavedImage]) -> [UInt8] {
        JSONValue.array(
            saved.map { entry in
                .object([
                    .init("Config", .string(archivePath(entry.image.identifier))),
                    .init("RepoTags", .strings(entry.names.map(\.familiar))),
                    .init("Layers", .strings(entry.image.manifest.layers.map { archivePath($0.digest) })),
                ])
            }
        ).json()
    }

    /// The oldest form of names, which docker before 1.10 and some tools look for.
    private static func repositories(_ saved: [SavedImage]) -> [UInt8] {
        var repositories: [String: [String: String]] = [:]
        for entry in saved {
            for name in entry.names {
                let tag = name.tag ?? "latest"
                let repository = String(name.familiar.dropLast(tag.utf8.count + 1))
                repositories[repository, default: [:]][tag] = entry.image.manifest.layers.last?.digest.hex ?? ""
            }
        }
        if repositories.isEmpty { return [] }
        return JSONValue.object(
            repositories.sorted { $0.key < $1.key }.map { .init($0.key, .strings($0.value)) }
        ).json()
    }
}

private func archivePath(_ digest: Digest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

extension SavedImage {
    /// The archive's entries in `index.json`: one for each name, or one without.
    fileprivate var entries: [ContentDescriptor] {
        if names.isEmpty { return [manifest] }
        return names.map { name in
            var entry = manifest
            entry.annotations = [ImageAnnotation.name: name.description]
            entry.annotations[ImageAnnotation.reference] = name.tag
            return entry
        }
    }
}

/// Writes bytes to a descriptor that stays its owner's.
func writeAll(_ bytes: UnsafeRawBufferPointer, to file: Int32) throws {
    var rest = bytes
    while !rest.isEmpty {
        let part = rest
        let count = try checkCount("write", "the archive") { Glibc.write(file, part.baseAddress, part.count) }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
}
