internal import ContentStore
internal import Metadata
public import OCISpec
internal import Support

/// Which of what nobody uses is to go.
public struct PruneFilter: Sendable {
    /// Only what was made before this instant, in seconds of the Unix epoch.
    public var until: Int64?
    /// Only what has these labels, `NAME` or `NAME=VALUE`.
    public var labels: [String] = []
    /// Only what has none of these labels.
    public var withoutLabels: [String] = []

    /// All of it.
    public init() {}

    /// Whether what was made then and is labelled so may go.
    func fits(created: Int64?, labels: @autoclosure () -> [String: String]) -> Bool {
        if let until, (created ?? 0) >= until { return false }
        if self.labels.isEmpty && withoutLabels.isEmpty { return true }
        let labels = labels()
        return self.labels.allSatisfy { Self.has($0, labels) } && !withoutLabels.contains { Self.has($0, labels) }
    }

    /// Whether `NAME` is there, or `NAME=VALUE` just so.
    public static func has(_ wanted: String, _ labels: [String: String]) -> Bool {
        let parts = wanted.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let value = labels[parts[0]] else { return false }
        return parts.count == 1 || parts[1] == value
    }
}

/// What a prune removed.
public struct PrunedImages: Sendable {
    /// The names that are gone.
    public var untagged: [String] = []
    /// The IDs of the images that are gone.
    public var deleted: [Digest] = []
    /// Bytes that are free again.
    public var bytes: Int64 = 0
}

extension ImageService {
    /// Removes images that no container was made from, and whatever nothing uses.
    ///
    /// - Parameter all: also those that have a name.
    public func prune(all: Bool, _ filter: PruneFilter, uses: [ImageUse]) throws -> PrunedImages {
        var pruned = PrunedImages()
        let used = Set(uses.map(\.identifier))
        let listed = try listings()
        let going = listed.filter { listing in
            (all || listing.name == nil) && !used.contains(listing.identifier.description)
                && filter.fits(created: listing.created, labels: labels(of: listing))
        }
        try content.removeImages(Set(going.map { $0.name ?? "@\($0.target)" }))
        pruned.untagged = going.compactMap { listing in listing.reference?.familiar ?? listing.name }
        let left = Set(try listings().map(\.identifier))
        pruned.deleted = Set(going.map(\.identifier)).subtracting(left).sorted()
        pruned.bytes = try collectGarbage(ingestAge: 0).bytes
        return pruned
    }

    /// The labels of an image, from its configuration.
    public func labels(of listing: ImageListing) -> [String: String] {
        (try? resolve(listing.name ?? listing.identifier.description))?.configuration.process.labels ?? [:]
    }

    /// Removes records of the build cache; those that images still need are of no use to them.
    ///
    /// - Returns: the keys and the bytes that only they kept.
    public func pruneCache(until: Int64?) throws -> (keys: [String], bytes: Int64) {
        let metadata = try content.metadata()
        let going = try metadata.cacheRecords().filter { record in until.map { record.used < $0 } ?? true }
        _ = try metadata.removeCache(going.map(\.key))
        return (going.map(\.key), try collectGarbage(ingestAge: 0).bytes)
    }
}

extension ContainerService {
    /// Removes the containers that have ended or were never started; the whole ids and the bytes written in them.
    public func prune(_ filter: PruneFilter, sizes: (ContainerRecord) -> Int64) throws -> (ids: [String], bytes: Int64)
    {
        var pruned: (ids: [String], bytes: Int64) = ([], 0)
        for record in try list() where !record.lifecycle.needsOwner {
            guard filter.fits(created: record.created, labels: record.specification.labels) else { continue }
            let bytes = sizes(record)
            do { try remove(record.id, force: false) } catch let error as RuntimeError
                where error.code == .invalidState || error.code == .notFound
            {
                // It was started, or removed, meanwhile.
                continue
            }
            pruned.ids.append(record.id)
            pruned.bytes += bytes
        }
        return pruned
    }

    /// Removes the volumes that no container has and nobody named.
    ///
    /// - Parameter all: also those that somebody named.
    public func pruneVolumes(all: Bool) throws -> (names: [String], bytes: Int64) {
        var pruned: (names: [String], bytes: Int64) = ([], 0)
        let volumes = Volumes(folder: "\(folders.root)/volumes")
        for volume in try volumeUsage(list()) where volume.links == 0 {
            guard all || ContainerStore.isIdentifier(volume.name) else { continue }
            try volumes.remove(volume.name)
            pruned.names.append(volume.name)
            pruned.bytes += volume.size
        }
        return pruned
    }
}
