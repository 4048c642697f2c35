public import Linux

/// One entry of a tar archive, its extension headers already applied.
///
/// Names are bytes: tar gives them no encoding, and Linux takes any. They are as the archive has them; nothing
/// about them may be trusted.
public struct TarEntry: Sendable {
    /// What the entry makes.
    public enum Kind: Sendable, Equatable {
        case regular, hardLink, symbolicLink, characterDevice, blockDevice, directory, fifo
    }

    /// One extended attribute.
    public typealias Attribute = ExtendedAttribute

    /// A stretch of a sparse file that has data.
    public struct Segment: Sendable, Equatable {
        /// Where it stands in the file.
        public var offset: Int64
        /// How long it is.
        public var length: Int64
    }

    /// The path as the archive has it.
    public internal(set) var name: [UInt8] = []
    /// Target of a link.
    public internal(set) var linkName: [UInt8] = []
    /// What the entry makes.
    public internal(set) var kind = Kind.regular
    /// Permission bits, with set-user-id, set-group-id and sticky.
    public internal(set) var mode: UInt32 = 0
    /// Owner.
    public internal(set) var uid: UInt32 = 0
    /// Group.
    public internal(set) var gid: UInt32 = 0
    /// Modification time: seconds since 1970, and nanoseconds.
    public internal(set) var modified: (seconds: Int64, nanoseconds: Int) = (0, 0)
    /// Length of the file that the entry makes, holes included.
    public internal(set) var size: Int64 = 0
    /// Bytes of data in the archive, which for a sparse file are those of its segments.
    public internal(set) var storedSize: Int64 = 0
    /// Where the data of a sparse file belong; nil for a file without holes.
    public internal(set) var segments: [Segment]?
    /// Device number of a device.
    public internal(set) var device: (major: UInt32, minor: UInt32) = (0, 0)
    /// Extended attributes.
    public internal(set) var attributes: [Attribute] = []
    /// Offset of the data in the unpacked archive.
    public internal(set) var dataOffset: Int64 = 0
}
