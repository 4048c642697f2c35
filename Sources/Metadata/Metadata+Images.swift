public import OCISpec
internal import Support

/// An image name in the store and what it refers to.
public struct NamedImage: Sendable, Hashable {
    /// The full name, such as `docker.io/library/busybox:latest`; `@` and the target's digest for an image that has none.
    public let name: String
    /// The tag or other short name, for tools that read the layout by it.
    public let short: String?
    /// The index or manifest behind it.
    public let target: ContentDescriptor

    /// Makes a pair.
    public init(name: String, short: String? = nil, target: ContentDescriptor) {
        self.name = name
        self.short = short
        self.target = target
    }

    /// An image without a name: built without one, or its name was given to another.
    public init(nameless target: ContentDescriptor) {
        self.init(name: "@\(target.digest)", target: target)
    }

    /// Whether the image has no name.
    public var isNameless: Bool { name.hasPrefix("@") }
}

/// What a list shows of an image, so that no document has to be read for it.
public struct ImageSummary: Sendable, Hashable {
    /// The image's ID: the digest of its configuration.
    public var identifier: Digest
    /// When it was made, in seconds of the Unix epoch; nil where the image does not say.
    public var created: Int64?
    /// Bytes of its layers in the content store.
    public var size: Int64
    /// What it runs on.
    public var platform: String

    /// Takes the facts.
    public init(identifier: Digest, created: Int64?, size: Int64, platform: String) {
        self.identifier = identifier
        self.created = created
        self.size = size
        self.platform = platform
    }
}

extension Metadata {
    /// Every name, sorted.
    public func images() throws -> [NamedImage] {
        try with("read the image names") { try Self.images($0) }
    }

    /// Every name, sorted, with its summary where one was put.
    public func summaries() throws -> [(image: NamedImage, summary: ImageSummary?)] {
        try with("read the image names") { connection in
            var all: [(NamedImage, ImageSummary?)] = []
            let sql = """
                SELECT name, short, images.target, mediaType, images.size, identifier, created, summaries.size, platform
                FROM images LEFT JOIN summaries ON summaries.target = images.target ORDER BY name
                """
            try connection.query(sql) { all.append((try Self.image($0), try Self.summary($0, from: 5))) }
            return all
        }
    }

    /// What the full name refers to; nil where there is no such name.
    public func image(named name: String) throws -> NamedImage? {
        try with("find image \(name)") { connection in
            var found: NamedImage?
            try connection.query(
                "SELECT name, short, target, mediaType, size FROM images WHERE name = ?", [.text(name)]
            ) { found = try Self.image($0) }
            return found
        }
    }

    /// Lets a name refer to a target from now on. Durable.
    ///
    /// An image that thereby loses its last name stays as a nameless one, and one that gets its first is nameless no more.
    /// - Parameter view: writes what is derived from all names, before the change is final; where it throws, nothing changes.
    public func setImage(_ image: NamedImage, view: ([NamedImage]) throws -> String) throws {
        try change("name image \(image.name)", durable: true) { connection in
            var old: NamedImage?
            try connection.query(
                "SELECT name, short, target, mediaType, size FROM images WHERE name = ?", [.text(image.name)]
            ) { old = try Self.image($0) }
            // The same index may have more of its platforms here now.
            try connection.run("DELETE FROM summaries WHERE target = ?", [.text(image.target.digest.description)])
            if old == image { return }
            try Self.put(image, connection)
            if !image.isNameless {
                try connection.run("DELETE FROM images WHERE name = ?", [.text("@\(image.target.digest)")])
            }
            if let old, old.target.digest != image.target.digest { try Self.keepNameless(old.target, connection) }
            try Self.note("view", try view(Self.images(connection)), connection)
        }
    }

    /// Removes names; returns those that were there. Durable.
    ///
    /// - Parameter view: as of ``setImage(_:view:)``.
    public func removeImages(_ names: Set<String>, view: ([NamedImage]) throws -> String) throws -> [String] {
        try change("remove image \(names.sorted().joined(separator: ", "))", durable: true) { connection in
            var gone: [String] = []
            for name in names.sorted() {
                try connection.run("DELETE FROM images WHERE name = ?", [.text(name)])
                if connection.changes > 0 { gone.append(name) }
            }
            if gone.isEmpty { return [] }
            try connection.run("DELETE FROM summaries WHERE target NOT IN (SELECT target FROM images)")
            try Self.note("view", try view(Self.images(connection)), connection)
            return gone
        }
    }

    /// Writes again what is derived from the names, where `isCurrent` says of its mark that it is not.
    public func refreshView(isCurrent: (String) -> Bool, _ view: ([NamedImage]) throws -> String) throws {
        let mark = try with("read the view's mark") { try Self.fact("view", $0) }
        if isCurrent(mark ?? "") { return }
        try change("refresh the view", durable: false) { connection in
            if isCurrent(try Self.fact("view", connection) ?? "") { return }
            try Self.note("view", try view(Self.images(connection)), connection)
        }
    }

    /// Keeps what a list shows of the image behind `target`, which must have a name.
    public func putSummaries(_ summaries: [Digest: ImageSummary]) throws {
        if summaries.isEmpty { return }
        try change("keep summaries", durable: false) { connection in
            for (target, summary) in summaries {
                try connection.run(
                    """
                    INSERT OR REPLACE INTO summaries(target, identifier, created, size, platform)
                    SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS(SELECT 1 FROM images WHERE target = ?1)
                    """,
                    [
                        .text(target.description), .text(summary.identifier.description), SQLValue(summary.created),
                        .integer(summary.size), .text(summary.platform),
                    ])
            }
        }
    }

    // MARK: Rows

    static func images(_ connection: Connection) throws -> [NamedImage] {
        var all: [NamedImage] = []
        try connection.query("SELECT name, short, target, mediaType, size FROM images ORDER BY name") {
            all.append(try image($0))
        }
        return all
    }

    static func put(_ image: NamedImage, _ connection: Connection) throws {
        try connection.run(
            "INSERT OR REPLACE INTO images(name, short, target, mediaType, size, changed) VALUES(?, ?, ?, ?, ?, ?)",
            [
                .text(image.name), SQLValue(image.short), .text(image.target.digest.description),
                .text(image.target.mediaType.rawValue), .integer(image.target.size), .integer(now()),
            ])
    }

    /// Lets an image that no name is left of be found by its ID.
    private static func keepNameless(_ target: ContentDescriptor, _ connection: Connection) throws {
        var isNamed = false
        try connection.query("SELECT 1 FROM images WHERE target = ? LIMIT 1", [.text(target.digest.description)]) { _ in
            isNamed = true
        }
        if !isNamed { try put(NamedImage(nameless: target), connection) }
    }

    private static func image(_ row: Row) throws -> NamedImage {
        NamedImage(
            name: row.text(0), short: row.isNull(1) ? nil : row.text(1),
            target: ContentDescriptor(
                mediaType: MediaType(rawValue: row.text(3)), digest: try Digest(row.text(2)), size: row.integer(4)))
    }

    private static func summary(_ row: Row, from first: Int32) throws -> ImageSummary? {
        if row.isNull(first) { return nil }
        return ImageSummary(
            identifier: try Digest(row.text(first)),
            created: row.isNull(first + 1) ? nil : row.integer(first + 1), size: row.integer(first + 2),
            platform: row.text(first + 3))
    }

    static func fact(_ name: String, _ connection: Connection) throws -> String? {
        var value: String?
        try connection.query("SELECT value FROM facts WHERE name = ?", [.text(name)]) { value = $0.text(0) }
        return value
    }

    static func note(_ name: String, _ value: String, _ connection: Connection) throws {
        try connection.run("INSERT OR REPLACE INTO facts(name, value) VALUES(?, ?)", [.text(name), .text(value)])
    }
}
