public import ContentStore
internal import Glibc
internal import Linux
internal import Metadata
public import OCISpec
internal import Snapshots
internal import Support

/// What removing an image did.
public struct ImageRemoval: Sendable, Hashable {
    /// The names that are gone.
    public var untagged: [String] = []
    /// The image's ID, where its last name is gone.
    public var deleted: Digest?
    /// Chain IDs of the unpacked layers that are gone with it.
    public var layers: [String] = []
}

/// A container as it matters to its image.
public struct ImageUse: Sendable, Hashable {
    /// The container, as people name it.
    public let container: String
    /// The ID of its image.
    public let identifier: String
    /// Whether it runs.
    public let isRunning: Bool

    /// Takes the facts.
    public init(container: String, identifier: String, isRunning: Bool) {
        self.container = container
        self.identifier = identifier
        self.isRunning = isRunning
    }
}

/// What else was collected.
public struct Collection: Sendable, Hashable {
    /// Blobs and unfinished downloads.
    public var content = GarbageReport()
    /// Chain IDs of unpacked layers.
    public var layers: [String] = []
    /// Bytes that those layers took on the disk.
    public var layerBytes: Int64 = 0
    /// Bytes in all.
    public var bytes: Int64 { content.bytes + layerBytes }
}

extension ImageService {
    /// Removes a name, or all names of an image named by its ID; content and layers that nothing uses go too.
    ///
    /// Layers below a container's root stay until the container is gone; what a running pull needs stays.
    /// - Parameters:
    ///   - force: also where an ID has several names, and where a stopped container was made from it.
    ///   - collects: whether what nothing uses any more goes at once.
    ///   - uses: the containers that there are.
    /// - Throws: `invalidState` where force is needed, or would not help.
    public func remove(
        _ text: String, force: Bool = false, collects: Bool = true, uses: [ImageUse] = []
    ) throws -> ImageRemoval {
        try attempt("remove image \(text)") {
            let named = try find(text)
            let identifier = try? local(named, nil).identifier
            let siblings = try content.images().filter { other in
                other.target.digest == named.target.digest
                    || (identifier != nil && (try? local(other, nil).identifier) == identifier)
            }
            let isByName = (try? ImageReference(text)).map { named.name == $0.description || $0.digest != nil } ?? false
            let names = isByName ? [named.name] : siblings.map(\.name)
            if !isByName, names.count > 1, !force {
                throw RuntimeError(
                    .invalidState,
                    "it has \(names.count) names (\(names.joined(separator: ", "))); name one, or use force")
            }
            let users = uses.filter { $0.identifier == identifier?.description }
            let isLast = names.count == siblings.count
            if isLast { try refuse(users, force: force, isByName: isByName) }
            return try remove(
                names, named, identifier, staysNameless: isLast && users.contains(where: \.isRunning), collects)
        }
    }

    private func refuse(_ users: [ImageUse], force: Bool, isByName: Bool) throws {
        if !isByName, let user = users.first(where: \.isRunning) {
            throw RuntimeError(
                .invalidState, "it can't be forced: image is being used by running container \(user.container)")
        }
        if !force, let user = users.first {
            throw RuntimeError(.invalidState, "container \(user.container) is using it; remove that, or use force")
        }
    }

    private func remove(
        _ names: [String], _ named: NamedImage, _ identifier: Digest?, staysNameless: Bool, _ collects: Bool
    ) throws -> ImageRemoval {
        var removal = ImageRemoval(untagged: names.filter { !$0.hasPrefix("@") })
        if staysNameless { try content.setImage(NamedImage(nameless: named.target)) }
        try content.removeImages(Set(names))
        if staysNameless { return removal }
        if try !listings().contains(where: { $0.identifier == identifier }) { removal.deleted = identifier }
        if collects { removal.layers = try collectGarbage().layers }
        return removal
    }

    /// Gives an image another name.
    public func tag(_ text: String, as name: String) throws {
        try attempt("tag image \(text)") {
            let reference = try ImageReference(name)
            guard reference.digest == nil else {
                throw RuntimeError(.invalidArgument, "\"\(name)\": a name to give must not have a digest")
            }
            let lease = try content.lease()
            defer { withExtendedLifetime(lease) {} }
            let named = try find(text)
            try content.setImage(reference.description, short: reference.tag, to: named.target)
        }
    }

    /// Removes content and unpacked layers that no image, no lease, no build and no container's root uses.
    @discardableResult
    public func collectGarbage(ingestAge: Int = 24 * 3600) throws -> Collection {
        var collection = Collection()
        let known = try content.metadata().layerUsage()
        collection.content = try content.collectGarbage(ingestAge: ingestAge) { [self] used in
            for layer in try snapshots.layers().reversed() where !used.contains(layer) {
                let bytes = try known[layer]?.bytes ?? snapshots.usage(layer: layer).bytes
                do {
                    try snapshots.removeLayer(layer)
                } catch let error as RuntimeError where error.code == .invalidState {
                    // A container stands upon it.
                    continue
                }
                collection.layers.append(layer)
                collection.layerBytes += bytes
            }
            return collection.layers
        }
        try snapshots.removeLeftovers()
        try removeOldImports()
        return collection
    }

    /// Removes what imports, exports and comparisons left that died.
    private func removeOldImports() throws {
        for name in (try? directoryEntries(imports)) ?? [] {
            try ScratchFolder.removeIfAbandoned("\(imports)/\(name)", snapshots)
        }
        rmdir(imports)
        for key in try snapshots.snapshots() where key.hasPrefix("view-") && !ScratchFolder.isInUse(key) {
            try snapshots.remove(key: key)
        }
    }
}
