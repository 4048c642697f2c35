/// How a folder is written as an archive.
public struct LayerWriterOptions: Sendable {
    /// What the folder is.
    public enum Source: Sendable, Equatable {
        /// What was written over lower layers (overlayfs's upper folder): its marks of removed entries and of folders
        /// that hide the lower ones become whiteouts (OCI image specification, layer.md).
        case overlay
        /// A whole tree: each entry as it is.
        case tree
    }

    /// What the folder is.
    public var source: Source
    /// How the archive is packed.
    public var compression: Compression
    /// The latest modification time, in seconds since 1970: later ones are written as this one. nil keeps each.
    public var latestTime: Int64?
    /// Whether the files themselves get the times that are written, so that the folder is what the archive says.
    public var setsTimes = false
    /// Whether the folder itself is the archive's first entry, `./`.
    public var includesRoot = false
    /// Components of a path at most; more would be refused when the archive is unpacked.
    public var depth = ExtractionLimits().depth

    /// A layer or a tree.
    public init(_ source: Source, compression: Compression = .gzip, latestTime: Int64? = nil) {
        self.source = source
        self.compression = compression
        self.latestTime = latestTime
    }
}

/// What a written archive came to.
public struct LayerSummary: Sendable, Equatable {
    /// Entries of the archive.
    public internal(set) var entries = 0
    /// Bytes before packing.
    public internal(set) var unpackedBytes: Int64 = 0
    /// Bytes of files' data.
    public internal(set) var fileBytes: Int64 = 0
    /// Sockets, which no archive can hold.
    public internal(set) var skippedSockets = 0
}
