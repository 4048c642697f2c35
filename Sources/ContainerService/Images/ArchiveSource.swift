internal import Archive
internal import ContentStore
internal import Glibc
internal import JSON
internal import Linux
internal import OCISpec
internal import Support

/// A tar file with images, unpacked into a folder of its own: a layout, or what older `docker save` writes.
enum ArchiveSource {
    /// Unpacks the tar beneath `folder`, which the caller makes and removes, and finds the image in it.
    static func open(_ path: String, name: String?, folder: String) throws -> any ImageSource {
        let root = try unpack(try Descriptor.open(path, O_RDONLY), folder)
        if try isLayout(root) { return try LayoutSource(path: folder, tag: name, shown: path) }
        return try DockerSaveSource(folder: folder, name: name, shown: path)
    }

    /// Unpacks the tar beneath `folder`.
    static func unpack(_ archive: borrowing Descriptor, _ folder: String) throws -> RootDirectory {
        let root = try RootDirectory(opening: folder)
        var options = ExtractionOptions()
        options.privileged = false
        _ = try LayerExtractor.extract(archive, into: root, options: options)
        return root
    }

    /// Whether an unpacked archive is a layout; newer `docker save` writes both forms at once.
    static func isLayout(_ root: borrowing RootDirectory) throws -> Bool {
        let mark = try? root.open("oci-layout", pathOnly)
        let index = try? root.open("index.json", pathOnly)
        return mark != nil && index != nil
    }

    /// O_PATH, which Glibc hides.
    private static let pathOnly: Int32 = 0o10000000
}

/// The form of `docker save`: `manifest.json` names a configuration and layer files; a manifest is made from it.
final class DockerSaveSource: ImageSource {
    let name: String
    let tag: String?
    private let root: RootDirectory
    private let manifest: [UInt8]
    private let files: [Digest: String]

    private struct Entry {
        var configuration = ""
        var names: [String] = []
        var layers: [String] = []
    }

    /// The image of that name, or the only one.
    convenience init(folder: String, name wanted: String?, shown: String) throws {
        let entries = try Self.entries(folder, shown)
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
        try self.init(entry, reference, RootDirectory(opening: folder))
    }

    /// Every name of every image, and those without.
    static func all(folder: String, shown: String) throws -> [DockerSaveSource] {
        try entries(folder, shown).flatMap { entry in
            let names: [ImageReference?] = try entry.names.map { try ImageReference($0) }
            return try (names.isEmpty ? [nil] : names).map { name in
                try DockerSaveSource(entry, name, RootDirectory(opening: folder))
            }
        }
    }

    private init(_ entry: Entry, _ reference: ImageReference?, _ root: consuming RootDirectory) throws {
        var files: [Digest: String] = [:]
        let configuration = try Self.describe(entry.configuration, .ociConfiguration, root, &files)
        let layers = try entry.layers.map { try Self.describe($0, .ociLayer, root, &files) }
        manifest = Self.text(configuration, layers)
        name = try reference?.description ?? "@\(ContentHash.digest(of: manifest))"
        tag = reference?.tag
        self.files = files
        self.root = root
    }

    private static func entries(_ folder: String, _ shown: String) throws -> [Entry] {
        let root = try RootDirectory(opening: folder)
        let bytes = try attempt("\(shown): neither an OCI layout nor an image archive") {
            try root.open("manifest.json", O_RDONLY | O_NONBLOCK).readAll(limit: 4 << 20, "manifest.json")
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
        _ content: ContentDescriptor, into store: ContentStore, progress: @Sendable (Int64) -> Void
    ) async throws {
        guard let file = files[content.digest] else {
            throw RuntimeError(.notFound, "blob \(content.digest): not in the archive")
        }
        try await bring(
            content, into: store, progress: progress, shown: file,
            open: { [self] in try root.open(file, O_RDONLY | O_NONBLOCK) })
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

    /// Hashes a file of the archive.
    private static func describe(
        _ path: String, _ type: MediaType, _ root: borrowing RootDirectory, _ files: inout [Digest: String]
    ) throws -> ContentDescriptor {
        let file = try root.open(path, O_RDONLY | O_NONBLOCK)
        var hash = ContentHash()
        var size: Int64 = 0
        while true {
            let part = try file.readSome(1 << 20, path)
            if part.isEmpty { break }
            hash.update(part)
            size += Int64(part.count)
        }
        let digest = try hash.digest()
        files[digest] = path
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
