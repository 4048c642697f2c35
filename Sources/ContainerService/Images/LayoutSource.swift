internal import ContentStore
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// An OCI image layout in a folder or an archive.
final class LayoutSource: ImageSource {
    let name: String
    let tag: String?
    private let files: ImageFiles
    private let entry: ContentDescriptor
    /// The entry's document where it is made up of several entries for several platforms.
    private let joined: [UInt8]?

    /// Opens the layout and finds the image of that tag; without one there must be only one image.
    ///
    /// - Parameter path: what the image is named after where it has no name of its own.
    init(_ files: ImageFiles, tag wanted: String?, path: String) throws {
        self.files = files
        let bytes = try files.read("index.json", limit: 16 << 20)
        let index = try attempt("\(path)/index.json") { try ImageIndex(bytes, limit: 16 << 20) }
        (entry, joined) = try Self.choose(index, wanted, path)
        let full = entry.annotations[ImageAnnotation.name].flatMap { try? ImageReference($0) }
        let short = entry.annotations[ImageAnnotation.reference]
        let written = full ?? short.flatMap { $0.contains("/") ? try? ImageReference($0) : nil }
        let reference = written ?? localReference(path, wanted ?? short)
        name = reference.description
        tag = reference.tag
    }

    /// One entry of a layout.
    private init(_ files: ImageFiles, _ entry: ContentDescriptor, name: String, tag: String?) {
        self.files = files
        self.entry = entry
        joined = nil
        self.name = name
        self.tag = tag
    }

    /// Every image of a layout, by the full name that it has; a bare tag is no name.
    static func all(_ files: ImageFiles, shown: String) throws -> [LayoutSource] {
        let bytes = try files.read("index.json", limit: 16 << 20)
        let index = try attempt("\(shown): index.json") { try ImageIndex(bytes, limit: 16 << 20) }
        let sources = index.manifests.filter { $0.mediaType.isIndex || $0.mediaType.isManifest }.map { entry in
            let short = entry.annotations[ImageAnnotation.reference]
            let written =
                entry.annotations[ImageAnnotation.name]
                ?? short.flatMap { $0.contains("/") || $0.contains(":") ? $0 : nil }
            let reference = written.flatMap { try? ImageReference($0) }
            return LayoutSource(
                files, entry, name: reference?.description ?? "@\(entry.digest)", tag: reference?.tag)
        }
        if sources.isEmpty { throw RuntimeError(.notFound, "\(shown): no images") }
        return sources
    }

    private static func choose(
        _ index: ImageIndex, _ wanted: String?, _ path: String
    ) throws -> (ContentDescriptor, [UInt8]?) {
        let names = index.manifests.map { entry in
            [entry.annotations[ImageAnnotation.reference], entry.annotations[ImageAnnotation.name]].compactMap(\.self)
        }
        let full = wanted.flatMap { try? ImageReference($0).description }
        let fitting = zip(index.manifests, names).filter { _, names in
            wanted.map { names.contains($0) || names.contains(full ?? $0) } ?? true
        }.map(\.0)
        if fitting.count == 1 { return (fitting[0], nil) }
        if wanted == nil, !fitting.isEmpty, fitting.allSatisfy({ $0.platform != nil }) {
            let text = ImageIndex.text(fitting)
            let digest = try ContentHash.digest(of: text)
            return (ContentDescriptor(mediaType: .ociIndex, digest: digest, size: Int64(text.count)), text)
        }
        let known = Set(names.flatMap(\.self)).sorted().joined(separator: ", ")
        throw RuntimeError(
            fitting.isEmpty ? .notFound : .invalidArgument,
            "\(path): \(fitting.isEmpty ? "no such image" : "several images, name one") (it has: \(known))")
    }

    func top() async throws -> (content: ContentDescriptor, bytes: [UInt8]) {
        if let joined { return (entry, joined) }
        var plain = entry
        plain.annotations = [:]
        return (plain, try await document(entry))
    }

    func document(_ content: ContentDescriptor) async throws -> [UInt8] {
        let file = blobPath(content)
        let bytes = try files.read(file, limit: ImageDocumentLimits.manifestBytes)
        let found = try ContentHash.digest(of: bytes, content.digest.algorithm)
        guard found == content.digest, Int64(bytes.count) == content.size else {
            throw RuntimeError(.invalidState, "\(files.shown)/\(file): its content is not what its name says")
        }
        return bytes
    }

    func fetch(
        _ content: ContentDescriptor, into store: ContentStore, arrival: BlobArrival,
        progress: @Sendable (Int64) -> Void
    ) async throws {
        let file = blobPath(content)
        try await bring(content, into: store, arrival: arrival, progress: progress) { [files] in try files.open(file) }
    }

    private func blobPath(_ content: ContentDescriptor) -> String {
        "blobs/\(content.digest.algorithm.rawValue)/\(content.digest.hex)"
    }
}

/// Copies a local file into the store as the blob it should be.
func bring(
    _ content: ContentDescriptor, into store: ContentStore, arrival: BlobArrival,
    progress: @Sendable (Int64) -> Void, open: @Sendable () throws -> FilePart
) async throws {
    while true {
        switch try store.ingest(content, arrival: arrival) {
        case .present: return progress(content.size)
        case .busy: try await Task.sleep(for: .milliseconds(50))
        case .begun(let ingest):
            do {
                try ingest.reset()
                let file = try open()
                while case let part = try file.read(at: ingest.count, most: 1 << 20), !part.isEmpty {
                    try ingest.append(part)
                    progress(ingest.count)
                    try Task.checkCancellation()
                }
                // SAFETY: this task waits, and uses the ingest again only when the thread is done with it.
                nonisolated(unsafe) let whole = ingest
                return try await onThread { try whole.commit() }
            } catch {
                ingest.discard()
                throw error
            }
        }
    }
}

/// A name below `localhost/` for an image whose own name is unknown: the file's, as far as the grammar allows.
func localReference(_ path: String, _ tag: String?) -> ImageReference {
    let base = path.split(separator: "/").last.map(String.init) ?? ""
    let plain = base.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.joined(separator: "-")
    let names = ["localhost/\(plain):\(tag ?? "latest")", "localhost/\(plain):latest"]
    for name in names {
        if let reference = try? ImageReference(name) { return reference }
    }
    return unnamed
}

private let unnamed: ImageReference = {
    guard let reference = try? ImageReference("localhost/image:latest") else { preconditionFailure("a constant name") }
    return reference
}()
