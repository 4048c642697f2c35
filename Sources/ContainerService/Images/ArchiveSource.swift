internal import Archive
internal import ContentStore
internal import Glibc
internal import JSON
internal import Linux
internal import OCISpec
internal import Support

/// A tar file with images: a layout, or what older `docker save` writes. A plain tar is read in place.
enum ArchiveSource {
    /// Finds the image in it; a packed tar is unpacked beneath `folder` for that, which the caller makes and removes.
    static func open(_ path: String, name: String?, folder: String) throws -> any ImageSource {
        let archive = try Descriptor.open(path, O_RDONLY)
        let files = try files(archive, shown: path, folder: folder)
        if isLayout(files) { return try LayoutSource(files, tag: name, path: path) }
        return try DockerSaveSource(files, name: name, shown: path)
    }

    /// The files of the tar: a plain one's in place, those of a packed one or of a pipe unpacked beneath `folder`.
    static func files(_ archive: borrowing Descriptor, shown: String, folder: String) throws -> ImageFiles {
        if let files = try ImageFiles(tar: archive, shown: shown) { return files }
        var options = ExtractionOptions()
        options.privileged = false
        _ = try LayerExtractor.extract(archive, into: try RootDirectory(opening: folder), options: options)
        return try ImageFiles(folder: folder, shown: shown)
    }

    /// Whether an archive is a layout; newer `docker save` writes both forms at once.
    static func isLayout(_ files: ImageFiles) -> Bool {
        files.contains("oci-layout") && files.contains("index.json")
    }
}

/// The form of `docker save`: `manifest.json` names a configuration and layer files; a manifest is made from it.
final class DockerSaveSource: ImageSource {
    let name: String
    let tag: String?
    private let files: ImageFiles
    private let manifest: [UInt8]
    private let paths: [Digest: String]

    private struct Entry {
        var configuration = ""
        var names: [String] = []
        var layers: [String] = []
    }

    /// The image of that name, or the only one.
    convenience init(_ files: ImageFiles, name wanted: String?, shown: String) throws {
        let entries = try Self.entries(files, shown)
        let full = try wanted.map { try ImageReference($0).description }
        let fitting = entries.filter { entry in
            full.map { entry.names.compactMap { try? ImageReference($0).description }.contains($0) } ?? true
        }
        guard fitting.count == 1, let entry = fitting.first else {
            let known = entries.flatMap(\.names).joined(separator: ", ")
            throw RuntimeError(
                fitting.isEmpty ? .notFound : .invalidArgument,
                "\(shown): \(fitting.isEmpty ? "no such image" : "several images, name one") (it has: \(known))")
        }
        let reference = try (wanted ?? entry.names.first).map { try ImageReference($0) } ?? localReference(shown, nil)
        try self.init(entry, reference, files)
    }

    /// Every name of every image, and those without.
    static func all(_ files: ImageFiles, shown: String) throws -> [DockerSaveSource] {
        try entries(files, shown).flatMap { entry in
            let names: [ImageReference?] = try entry.names.map { try ImageReference($0) }
            return try (names.isEmpty ? [nil] : names).map { try DockerSaveSource(entry, $0, files) }
        }
    }

    private init(_ entry: Entry, _ reference: ImageReference?, _ files: ImageFiles) throws {
        self.files = files
        var paths: [Digest: String] = [:]
        let configuration = try Self.describe(entry.configuration, .ociConfiguration, files, &paths)
        let diffIDs = try ImageConfiguration(
            try files.read(entry.configuration, limit: ImageDocumentLimits.configurationBytes)
        ).diffIDs
        let layers = try entry.layers.enumerated().map { index, path in
            // A layer that is not packed has its diffID for a digest, which bringing it in verifies.
            if index < diffIDs.count, let size = try Self.plainSize(path, files) {
                paths[diffIDs[index]] = path
                return ContentDescriptor(mediaType: .ociLayer, digest: diffIDs[index], size: size)
            }
            return try Self.describe(path, .ociLayer, files, &paths)
        }
        manifest = Self.text(configuration, layers)
        self.paths = paths
        name = try reference?.description ?? "@\(ContentHash.digest(of: manifest))"
        tag = reference?.tag
    }

    private static func entries(_ files: ImageFiles, _ shown: String) throws -> [Entry] {
        let bytes = try attempt("\(shown): neither an OCI layout nor an image archive") {
            try files.read("manifest.json", limit: 4 << 20)
        }
        return try attempt("\(shown): manifest.json") { try parse(bytes) }
    }

    func top() async throws -> (content: ContentDescriptor, bytes: [UInt8]) {
        let digest = try ContentHash.digest(of: manifest)
        return (ContentDescriptor(mediaType: .ociManifest, digest: digest, size: Int64(manifest.count)), manifest)
    }

    func document(_ content: ContentDescriptor) async throws -> [UInt8] {
        throw RuntimeError(.notFound, "manifest \(content.digest): not in the archive")
    }

    func fetch(
        _ content: ContentDescriptor, into store: ContentStore, arrival: BlobArrival,
        progress: @Sendable (Int64) -> Void
    ) async throws {
        guard let path = paths[content.digest] else {
            throw RuntimeError(.notFound, "blob \(content.digest): not in the archive")
        }
        try await bring(content, into: store, arrival: arrival, progress: progress) { [files] in try files.open(path) }
    }

    private static func parse(_ bytes: [UInt8]) throws -> [Entry] {
        try JSONReader.document(bytes) { reader in
            try reader.list { reader in
                var entry = Entry()
                try reader.object { key, value in
                    switch key {
                    case "Config": entry.configuration = try value.string()
                    case "RepoTags": entry.names = try value.optional { reader in try reader.strings() } ?? []
                    case "Layers": entry.layers = try value.optional { reader in try reader.strings() } ?? []
                    default: try value.skip()
                    }
                }
                return entry
            }
        }
    }

    /// The length of a layer that is a plain tar; nil where it is packed.
    private static func plainSize(_ path: String, _ files: ImageFiles) throws -> Int64? {
        let part = try files.open(path)
        let start = try part.read(at: 0, most: 4)
        if start.starts(with: [0x1f, 0x8b]) || start.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return nil }
        return try part.size()
    }

    /// Hashes a file of the archive.
    private static func describe(
        _ path: String, _ type: MediaType, _ files: ImageFiles, _ paths: inout [Digest: String]
    ) throws -> ContentDescriptor {
        let file = try files.open(path)
        var hash = ContentHash()
        var size: Int64 = 0
        while case let part = try file.read(at: size, most: 1 << 20), !part.isEmpty {
            hash.update(part)
            size += Int64(part.count)
        }
        let digest = try hash.digest()
        paths[digest] = path
        return ContentDescriptor(mediaType: type, digest: digest, size: size)
    }

    private static func text(_ configuration: ContentDescriptor, _ layers: [ContentDescriptor]) -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                object.member("schemaVersion", 2)
                object.member("mediaType", MediaType.ociManifest.rawValue)
                object.member("config") { configuration.write(to: &$0) }
                object.member("layers") { writer in
                    writer.array { writer in for layer in layers { layer.write(to: &writer) } }
                }
            }
        }
    }
}
