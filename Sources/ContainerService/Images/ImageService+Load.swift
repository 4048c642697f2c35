internal import Archive
internal import ContentStore
public import Linux
internal import Metadata
public import OCISpec
internal import Support

/// An image that an archive brought.
public struct LoadedImage: Sendable, Hashable {
    /// Its full name; nil for one that the archive doesn't name.
    public let name: String?
    /// Its ID.
    public let identifier: Digest
}

extension ImageService {
    /// Brings in all images of an archive: what `docker save` of any age, skopeo, podman or this program wrote.
    ///
    /// - Parameters:
    ///   - archive: a tar, plain or packed with gzip or zstd; a pipe will do.
    ///   - shown: what messages call it.
    ///   - platform: nil is this machine's.
    ///   - loaded: told of each name as soon as it is there.
    public func load(
        _ archive: consuming Descriptor, shown: String, platform: Platform? = nil,
        progress: @escaping ImageProgressHandler = { _ in }, loaded: @escaping @Sendable (LoadedImage) -> Void
    ) async throws {
        let file = SharedDescriptor(archive)
        do {
            let lease = try content.lease()
            defer { withExtendedLifetime(lease) {} }
            let scratch = try ScratchFolder(in: imports)
            let folder = scratch.path
            let sources = try await onThread {
                try ArchiveSource.all(try file.duplicate(), shown: shown, folder: folder)
            }
            for source in sources {
                let image = try await bringImage(source, platform, progress)
                let name = source.name.hasPrefix("@") ? nil : source.name
                loaded(LoadedImage(name: name, identifier: image.identifier))
            }
        } catch {
            throw failure("load \(shown)", error)
        }
    }
}

extension ArchiveSource {
    /// Finds every image in the tar; a packed one is unpacked beneath `folder` for that.
    static func all(_ archive: borrowing Descriptor, shown: String, folder: String) throws -> [any ImageSource] {
        let files = try files(archive, shown: shown, folder: folder)
        if isLayout(files) { return try LayoutSource.all(files, shown: shown) }
        return try DockerSaveSource.all(files, shown: shown)
    }
}
