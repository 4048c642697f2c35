internal import ContentStore
internal import Linux
internal import Metadata
internal import OCISpec
internal import Snapshots
internal import Support

/// What each byte below hako's root is for.
public struct SystemUsage: Sendable {
    /// An image. Bytes are those of its blobs and of its unpacked layers.
    public struct ImageUsage: Sendable {
        /// The image; its first name.
        public var listing: ImageListing
        /// Bytes of what other images have too.
        public var shared: Int64 = 0
        /// Bytes of what it alone has.
        public var unique: Int64 = 0
        /// How many containers were made from it.
        public var containers = 0
        /// All of it.
        public var size: Int64 { shared + unique }
    }

    /// A container and what was written in it.
    public struct ContainerUsage: Sendable {
        /// The container.
        public var record: ContainerRecord
        /// Bytes of its writable layer.
        public var size: Int64
    }

    /// A volume.
    public struct VolumeUsage: Sendable {
        /// Its name.
        public var name: String
        /// Bytes of its files.
        public var size: Int64
        /// How many containers have it.
        public var links: Int
    }

    /// Images, each once whatever its names.
    public var images: [ImageUsage] = []
    /// Bytes of all blobs and unpacked layers that images have, what they share counted once.
    public var imageBytes: Int64 = 0
    /// Containers.
    public var containers: [ContainerUsage] = []
    /// Named volumes.
    public var volumes: [VolumeUsage] = []
    /// Records of the build cache.
    public var cache: [BuildCacheUsage] = []
    /// Bytes of blobs that images have.
    public var blobBytes: Int64 = 0
    /// Bytes of layers, unpacked, that images have.
    public var layerBytes: Int64 = 0
    /// Bytes of blobs and unpacked layers that no image has: what the next collection removes, or a pull brings in.
    public var strayBytes: Int64 = 0
    /// Bytes of unfinished downloads.
    public var ingestBytes: Int64 = 0

    /// Bytes that would be free if the images went that no container was made from.
    public var reclaimableImageBytes: Int64 {
        images.filter { $0.containers == 0 }.reduce(0) { $0 + $1.unique } + strayBytes
    }
}

/// A record of the build cache.
public struct BuildCacheUsage: Sendable {
    /// Its key.
    public var key: String
    /// Bytes that it alone keeps.
    public var size: Int64
    /// When it was made and used last, in seconds of the Unix epoch.
    public var created: Int64, used: Int64
    /// How often it was used.
    public var uses: Int64
}

extension ImageService {
    /// Measures images, containers, volumes and the build cache.
    public func systemUsage(_ containers: ContainerService) throws -> SystemUsage {
        var usage = SystemUsage()
        let records = try containers.list()
        try measureImages(&usage, records)
        usage.containers = records.map { record in
            .init(record: record, size: writtenBytes(record))
        }
        usage.volumes = try containers.volumeUsage(records)
        usage.cache = try content.metadata().cacheRecords().map {
            BuildCacheUsage(key: $0.key, size: $0.size, created: $0.created, used: $0.used, uses: $0.uses)
        }
        return usage
    }

    /// Bytes that were written in a container; 0 where that can't be told.
    public func writtenBytes(_ record: ContainerRecord) -> Int64 {
        (try? snapshots.usage(key: record.id).bytes) ?? 0
    }

    private func measureImages(_ usage: inout SystemUsage, _ records: [ContainerRecord]) throws {
        var first: [Digest: ImageListing] = [:]
        for listing in try listings() where first[listing.target] == nil { first[listing.target] = listing }
        let parts = try first.values.map { listing in (listing, try items(of: listing)) }
        let users = Dictionary(grouping: parts.flatMap(\.1).map { ($0, 1) }, by: \.0).mapValues(\.count)
        let sizes = try sizes(of: Set(users.keys))
        usage.images = parts.map { listing, items in
            var image = SystemUsage.ImageUsage(listing: listing)
            for item in items {
                if users[item] == 1 { image.unique += sizes[item] ?? 0 } else { image.shared += sizes[item] ?? 0 }
            }
            image.containers = records.filter { $0.imageIdentifier == listing.identifier.description }.count
            return image
        }.sorted { ($1.size, $0.listing.name ?? "") < ($0.size, $1.listing.name ?? "") }
        let isLayer = { (item: String) in item.hasPrefix(Metadata.layerItem("")) }
        usage.layerBytes = sizes.filter { isLayer($0.key) }.reduce(0) { $0 + $1.value }
        usage.blobBytes = sizes.filter { !isLayer($0.key) }.reduce(0) { $0 + $1.value }
        usage.imageBytes = usage.layerBytes + usage.blobBytes
        let all = try content.blobs().map(\.description) + snapshots.layers().map(Metadata.layerItem)
        usage.strayBytes = try self.sizes(of: Set(all).subtracting(users.keys)).reduce(0) { $0 + $1.value }
        usage.ingestBytes = try content.unfinishedBytes()
    }

    /// The blobs and unpacked layers that an image's name leads to.
    private func items(of listing: ImageListing) throws -> Set<String> {
        let root = NamedImage(
            nameless: ContentDescriptor(mediaType: .ociManifest, digest: listing.target, size: 0))
        let reached = try content.reach(Roots(images: [root], leased: [], cached: []))
        return Set(reached.blobs.map(\.description)).union(reached.layers.map(Metadata.layerItem))
    }

    /// The bytes of items that are there.
    private func sizes(of items: Set<String>) throws -> [String: Int64] {
        let prefix = Metadata.layerItem("")
        let layers = items.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.utf8.count)) }
        var sizes: [String: Int64] = [:]
        for (layer, usage) in try usage(of: layers) { sizes[Metadata.layerItem(layer)] = usage.bytes }
        for item in items where !item.hasPrefix(prefix) {
            sizes[item] = (try? Digest(item)).flatMap { content.size(of: $0) }
        }
        return sizes
    }
}

extension ContainerService {
    /// The named volumes with their sizes.
    func volumeUsage(_ records: [ContainerRecord]) throws -> [SystemUsage.VolumeUsage] {
        let volumes = Volumes(folder: "\(folders.root)/volumes")
        var links: [String: Int] = [:]
        for record in records {
            for case .volume(let name) in record.specification.mounts.map(\.source) { links[name, default: 0] += 1 }
        }
        return try volumes.names().map { name in
            .init(name: name, size: try diskUsage(volumes.path(name)).bytes, links: links[name] ?? 0)
        }
    }
}
