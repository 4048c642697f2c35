/// What an archive may ask for before it is refused; each bound that is passed is an error that names the entry.
///
/// The defaults let every image pass that a person would build and stop what would fill a disk or the memory of
/// the process in silence.
public struct ExtractionLimits: Sendable, Equatable {
    /// Bytes of file data written, and bytes that come out of the codec: 256 GiB.
    public var unpackedBytes: Int64 = 256 << 30
    /// Length of one file, holes included: 16 TiB.
    public var fileBytes: Int64 = 16 << 40
    /// Entries in the archive: 2,000,000.
    public var entries = 2_000_000
    /// Components of a path: 1024.
    public var depth = 1024
    /// Bytes of a path or a link's target: 4095, the kernel's PATH_MAX without its NUL.
    public var pathBytes = 4095
    /// Bytes of the extended attributes of one entry, names and values: 1 MiB.
    public var xattrBytes = 1 << 20
    /// Bytes of one PAX header, GNU long name or sparse map: 1 MiB.
    public var headerBytes = 1 << 20
    /// Bytes kept in memory about folders until their times are set at the end: 64 MiB.
    public var folderBytes = 64 << 20
    /// Unpacked bytes for each packed byte, once more than ``ratioFloor`` has come out: 256.
    public var compressionRatio: Int64 = 256
    /// Unpacked bytes up to which the ratio is not judged: 4 GiB.
    public var ratioFloor: Int64 = 4 << 30

    /// The defaults.
    public init() {}
}
