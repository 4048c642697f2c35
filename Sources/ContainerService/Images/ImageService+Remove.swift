public import ContentStore
internal import Linux
public import OCISpec
internal import Snapshots
internal import Support

/// What removing an image did.
public struct ImageRemoval: Sendable, Hashable {
    /// The names that are gone.
    public var untagged: [String] = []
    /// The image's ID, where its last name is gone.
    public var deleted: Digest?
}

extension ImageService {
    /// Removes a name, or all names of an image named by its ID; content and layers that nothing uses go too.
    ///
    /// Layers below a container's root stay until the container is gone; what a running pull may need stays until the
    /// next removal.
    /// - Parameter force: also where an ID has several names.
    public func remove(_ text: String, force: Bool = false) throws -> ImageRemoval {
        try attempt("remove image \(text)") {
            let named = try find(text)
            let identifier = try? local(named, nil).identifier
            let names: [String]
            if (try? ImageReference(text).description) == named.name {
                names = [named.name]
            } else {
                names = try list().filter { $0.identifier == identifier }.map(\.name)
                guard names.count == 1 || force else {
                    throw RuntimeError(
                        .invalidState,
                        "it has \(names.count) names (\(names.joined(separator: ", "))); name one, or use force")
                }
            }
            try content.removeImages(Set(names))
            var removal = ImageRemoval(untagged: names)
            if try !list().contains(where: { $0.identifier == identifier }) { removal.deleted = identifier }
            _ = try collectGarbage()
            return removal
        }
    }

    /// Removes content and unpacked layers that no image and no container's root uses.
    public func collectGarbage() throws -> GarbageReport {
        try content.collectGarbage { [self] in
            // What an import that died left; one that lives holds a lease.
            try removeTree(imports)
            let used = Set(try list().flatMap(\.layers))
            for layer in try snapshots.layers().reversed() where !used.contains(layer) {
                do {
                    try snapshots.removeLayer(layer)
                } catch let error as RuntimeError where error.code == .invalidState {
                    // A container stands upon it.
                    continue
                }
            }
        }
    }
}
