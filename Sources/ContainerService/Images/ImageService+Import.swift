internal import Archive
internal import ContentStore
internal import Glibc
public import Linux
internal import Metadata
public import OCISpec
internal import RegistryClient
internal import Support

/// What an image made here is to be beside its layer.
public struct ImageMaking: Sendable {
    /// The name it gets; nil leaves it without one.
    public var name: ImageReference?
    /// Who made it.
    public var author = ""
    /// A remark.
    public var comment = ""
    /// Changes of its configuration.
    public var changes: [ImageChange] = []
    /// What it runs on; nil is this machine's.
    public var platform: Platform?

    /// Nothing said.
    public init() {}
}

extension ImageService {
    /// Makes an image of one layer from a tar of a root file system, plain or packed with gzip or zstd.
    ///
    /// - Parameter source: what the history calls the tar's origin.
    /// - Returns: the image's ID.
    public func importRoot(
        _ archive: consuming Descriptor, source: String, making: ImageMaking
    ) async throws -> Digest {
        let file = SharedDescriptor(archive)
        do {
            return try await make(making, from: ImageDraft(platform: making.platform ?? .host), by: "") { folder in
                let intake = try LayerIntake(in: folder)
                try intake.append(contentsOf: try file.duplicate(), source)
                let (diffID, type) = try intake.inspect()
                return (intake, diffID, type)
            }
        } catch {
            throw failure("import \(source)", error)
        }
    }

    /// Makes an image of one layer from a tar that a web server gives.
    ///
    /// - Returns: the image's ID.
    public func importRoot(url: String, making: ImageMaking) async throws -> Digest {
        let scratch = try ScratchFolder(in: imports)
        let path = "\(scratch.path)/download"
        do {
            try await registry.download(url, to: path)
            return try await importRoot(Descriptor.open(path, O_RDONLY), source: url, making: making)
        } catch {
            throw failure("import \(url)", error)
        }
    }

    /// Makes an image from a draft and one more layer, which `fill` collects in a folder.
    func make(
        _ making: ImageMaking, from draft: ImageDraft, by command: String,
        fill: @escaping @Sendable (String) throws -> (LayerIntake, Digest, MediaType)
    ) async throws -> Digest {
        let lease = try content.lease()
        defer { withExtendedLifetime(lease) {} }
        let scratch = try ScratchFolder(in: imports)
        let folder = scratch.path
        let box = try await onThread { SendableBox(try fill(folder)) }
        let (intake, diffID, type) = box.value
        let layer = try await intake.finish(into: content, diffID, type)
        var draft = draft
        try draft.changeConfiguration { config in for change in making.changes { try change.apply(to: &config) } }
        draft.add(
            layer, created: Int64(time(nil)), by: command, comment: making.comment, author: making.author)
        let made = try draft.commit(to: content)
        try content.metadata().noteLayers([
            .init(digest: layer.content.digest, size: layer.content.size, diffID: diffID)
        ])
        if let name = making.name {
            try content.setImage(name.description, short: name.tag, to: made.target)
        } else if try !content.images().contains(where: { $0.target.digest == made.target.digest }) {
            try content.setImage(NamedImage(nameless: made.target))
        }
        return made.identifier
    }
}

// SAFETY: handed from the thread that made the value to the one that waited for it; one at a time holds it.
private struct SendableBox<T>: @unchecked Sendable {
    let value: T

    init(_ value: T) { self.value = value }
}
