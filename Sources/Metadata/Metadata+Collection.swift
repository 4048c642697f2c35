internal import Support

/// What a collection begins with, and how it tells what it removed.
public struct Roots: Sendable {
    /// What names refer to.
    public var images: [NamedImage]
    /// What living leases keep.
    public var leased: Set<String>
    /// What the build's cache keeps.
    public var cached: Set<String>

    /// Takes the three.
    public init(images: [NamedImage], leased: Set<String>, cached: Set<String>) {
        self.images = images
        self.leased = leased
        self.cached = cached
    }
}

extension Metadata {
    /// Runs a collection: nobody can name an image or put anything under a lease meanwhile.
    ///
    /// - Parameter body: gets the roots, takes what they don't lead to out of its place, and returns the blobs and layers
    ///   that are gone.
    public func collect(_ body: (Roots) throws -> Set<String>) throws {
        try change("collect garbage", durable: false) { connection in
            try Self.dropDeadLeases(connection)
            let gone = try body(
                Roots(
                    images: try Self.images(connection), leased: try Self.items("leased", connection),
                    cached: try Self.items("cached", connection)))
            for item in gone {
                try connection.run("DELETE FROM blobs WHERE digest = ?", [.text(item)])
                try connection.run("DELETE FROM sources WHERE digest = ?", [.text(item)])
                try connection.run("DELETE FROM layers WHERE ? = 'layer:' || chainID", [.text(item)])
            }
        }
    }

    /// The roots as they are now; they may change at once.
    public func roots() throws -> Roots {
        try with("read the roots") { connection in
            Roots(
                images: try Self.images(connection), leased: try Self.items("leased", connection),
                cached: try Self.items("cached", connection))
        }
    }

    private static func items(_ table: String, _ connection: Connection) throws -> Set<String> {
        var all: Set<String> = []
        try connection.query("SELECT DISTINCT item FROM \(table)") { all.insert($0.text(0)) }
        return all
    }
}
