internal import Glibc
internal import Linux
public import OCISpec
internal import Support

/// An image name in the store and what it refers to.
public struct NamedImage: Sendable, Hashable {
    /// The full name, such as `docker.io/library/busybox:latest`.
    public let name: String
    /// The index or manifest behind it.
    public let target: ContentDescriptor

    /// Makes a pair.
    public init(name: String, target: ContentDescriptor) {
        self.name = name
        self.target = target
    }
}

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
        try entries().compactMap { entry in
            entry.annotations[ImageAnnotation.name].map { NamedImage(name: $0, target: entry) }
        }.sorted { $0.name < $1.name }
    }

    /// What the full name refers to; nil where the store has no such name.
    public func image(named name: String) throws -> ContentDescriptor? {
        try entries().first { $0.annotations[ImageAnnotation.name] == name }
    }

    /// Lets the full name refer to `target` from now on, replacing what it referred to. Atomic and durable.
    ///
    /// - Parameter short: the tag, for tools that read the layout by it.
    public func setImage(_ name: String, short: String?, to target: ContentDescriptor) throws {
        _ = try attempt("name image \(name)") {
            try updateEntries { entries in
                var entry = target
                entry.annotations = [ImageAnnotation.name: name]
                entry.annotations[ImageAnnotation.reference] = short
                let isSame = entries.contains(entry)
                entries.removeAll { $0.annotations[ImageAnnotation.name] == name }
                entries.append(entry)
                return !isSame
            }
        }
    }

    /// Removes the names; true where at least one was there. Blobs stay until ``collectGarbage()``.
    @discardableResult
    public func removeImages(_ names: Set<String>) throws -> Bool {
        try attempt("remove image \(names.sorted().joined(separator: ", "))") {
            try updateEntries { entries in
                let before = entries.count
                entries.removeAll { entry in entry.annotations[ImageAnnotation.name].map(names.contains) ?? false }
                return entries.count != before
            }
        }
    }

    /// The entries of `index.json`; none where it is missing.
    func entries() throws -> [ContentDescriptor] {
        let file = "\(path)/index.json"
        if access(file, F_OK) != 0, errno == ENOENT { return [] }
        return try attempt("read \(file)") {
            try ImageIndex(try readFile(file, limit: Self.indexBytes), limit: Self.indexBytes).manifests
        }
    }

    private static let indexBytes = 16 << 20

    /// Changes the entries under the index lock; `change` says whether it changed anything.
    private func updateEntries(_ change: (inout [ContentDescriptor]) throws -> Bool) throws -> Bool {
        let lock = try FileLock.waiting("\(path)/index.lock", .exclusive)
        defer { withExtendedLifetime(lock) {} }
        var all = try entries()
        guard try change(&all) else { return false }
        try writeAtomically(ImageIndex.text(all), to: "\(path)/index.json", mode: 0o644)
        return true
    }
}
