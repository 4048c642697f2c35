internal import Glibc
internal import Linux
public import Metadata
public import OCISpec
internal import Support

/// The annotations that carry names in `index.json`.
public enum ImageAnnotation {
    /// The full name, as containerd writes it.
    public static let name = "io.containerd.image.name"
    /// The tag or other short name (OCI image specification, annotations.md).
    public static let reference = "org.opencontainers.image.ref.name"
}

extension ContentStore {
    /// Every name, sorted.
    public func images() throws -> [NamedImage] {
        try metadata().images()
    }

    /// What the full name refers to; nil where the store has no such name.
    public func image(named name: String) throws -> ContentDescriptor? {
        try metadata().image(named: name)?.target
    }

    /// Lets the full name refer to `target` from now on. Atomic and durable.
    ///
    /// What it referred to before keeps its other names; one without any stays as a nameless image.
    /// - Parameter short: the tag, for tools that read the layout by it.
    public func setImage(_ name: String, short: String?, to target: ContentDescriptor) throws {
        try setImage(NamedImage(name: name, short: short, target: target))
    }

    /// Lets a name refer to its target, or keeps a nameless image. Atomic and durable.
    public func setImage(_ image: NamedImage) throws {
        let plain = ContentDescriptor(
            mediaType: image.target.mediaType, digest: image.target.digest, size: image.target.size)
        try metadata().setImage(NamedImage(name: image.name, short: image.short, target: plain), view: writeIndex)
    }

    /// Removes the names; true where at least one was there. Blobs stay until ``collectGarbage()``.
    @discardableResult
    public func removeImages(_ names: Set<String>) throws -> Bool {
        try !metadata().removeImages(names, view: writeIndex).isEmpty
    }

    // MARK: index.json

    private var indexPath: String { "\(path)/index.json" }
    private static let indexBytes = 16 << 20

    /// The names in `index.json`, which stores of older programs have nowhere else.
    func namesInIndex() throws -> [NamedImage] {
        if access(indexPath, F_OK) != 0, errno == ENOENT { return [] }
        return try attempt("read \(indexPath)") {
            let entries = try ImageIndex(readFile(indexPath, limit: Self.indexBytes), limit: Self.indexBytes).manifests
            return entries.compactMap { entry in
                entry.annotations[ImageAnnotation.name].map { name in
                    NamedImage(
                        name: name, short: entry.annotations[ImageAnnotation.reference],
                        target: ContentDescriptor(mediaType: entry.mediaType, digest: entry.digest, size: entry.size))
                }
            }
        }
    }

    /// Replaces `index.json`; returns a mark by which ``isCurrentIndex(_:)`` knows it again.
    ///
    /// Its bytes are flushed before it gets its name, the name itself is not: after a power failure the old file is
    /// there, does not fit the mark, and is written again.
    func writeIndex(_ images: [NamedImage]) throws -> String {
        let entries = images.map { image in
            var entry = image.target
            if !image.isNameless { entry.annotations[ImageAnnotation.name] = image.name }
            entry.annotations[ImageAnnotation.reference] = image.short
            return entry
        }
        try replace(indexPath, ImageIndex.text(entries))
        return indexMark() ?? ""
    }

    /// Replaces one of the layout's own files by flushed bytes; what a crash leaves of it is collected.
    func replace(_ target: String, _ bytes: [UInt8]) throws {
        let staged = "\(path)/ingest/index-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        do {
            let file = try Descriptor.open(staged, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
            try file.writeAll(bytes, staged)
            try file.synchronize(staged)
            try check("rename", target) { rename(staged, target) }
        } catch {
            unlink(staged)
            throw error
        }
    }

    /// Whether `index.json` is the file that was written last.
    func isCurrentIndex(_ mark: String) -> Bool { indexMark() == mark }

    private func indexMark() -> String? {
        var status = stat()
        guard lstat(indexPath, &status) == 0 else { return nil }
        return "\(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }
}
