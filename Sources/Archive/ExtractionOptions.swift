internal import Glibc
public import Linux

/// How a layer is unpacked.
public struct ExtractionOptions: Sendable {
    /// What the archive may ask for.
    public var limits = ExtractionLimits()
    /// Whether owners are set and devices made, which takes root. False: the process's own user owns everything,
    /// devices are left out, and overlayfs's marks are those of `-o userxattr`.
    public var privileged = geteuid() == 0
    /// Folders of the layers below, the nearest first. Folders that the archive implies and does not list take
    /// their owner, mode, times and attributes from there, and so do the targets of hard links.
    ///
    /// Called when the first of those comes, at most once and by the thread that extracts; it may wait until the
    /// layers are there.
    public var lowers: @Sendable () throws -> [SharedDescriptor] = { [] }
    /// What unpacks gzip.
    package var gzip = GzipLibrary.fastest

    /// The defaults: no lower layers, privileged as root.
    public init() {}
}

/// What an unpacked layer came to.
public struct ExtractionSummary: Sendable, Equatable {
    /// How the blob was packed.
    public internal(set) var codec = Codec.none
    /// Entries of the archive.
    public internal(set) var entries = 0
    /// Bytes of file data written.
    public internal(set) var fileBytes: Int64 = 0
    /// Unpacked bytes of the whole blob.
    public internal(set) var unpackedBytes: Int64 = 0
    /// Devices left out because the process may not make them.
    public internal(set) var skippedDevices = 0
    /// Extended attributes left out: overlayfs's own, and those that the file system or the user cannot have.
    public internal(set) var skippedAttributes = 0
}
