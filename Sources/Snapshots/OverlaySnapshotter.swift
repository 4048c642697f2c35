internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// Snapshots by overlayfs.
///
/// ```
/// ROOT/layers/CHAINID/fs          a layer, never written again
/// ROOT/snapshots/KEY/upper, work  a container's writable layer
/// ROOT/snapshots/KEY/layers       the chain IDs it stands upon, one a line, lowest first
/// ROOT/temporary/NAME~RANDOM      what is being made or removed; swept at the next use
/// ROOT/locks/NAME                 flock(2): one process at a time works on a layer
/// ROOT/lock                       shared while a snapshot is made, exclusive while a layer is removed
/// ```
/// What is being made becomes visible by one rename, after everything in it has reached the disk.
public struct OverlaySnapshotter: Snapshotter {
    /// The folder, such as `/var/lib/hako/snapshots/overlay`.
    public let root: String
    /// Tests turn it off to take the way of kernels before 6.5.
    var mountsByDescriptor = true

    /// Makes the folder (mode 0700) where it is missing.
    ///
    /// - Throws: `unsupported` where overlayfs cannot stand upon the folder's file system.
    public init(root: String) throws {
        self.root = root
        try attempt("open snapshots \(root)") {
            try makeDirectories(root, mode: 0o700)
            for name in ["layers", "snapshots", "temporary", "locks"] {
                try makeDirectories("\(root)/\(name)", mode: 0o700)
            }
        }
    }

    func layerPath(_ chainID: String) -> String { "\(root)/layers/\(chainID)" }
    func snapshotPath(_ key: String) -> String { "\(root)/snapshots/\(key)" }

    /// A name becomes a file name as it is: what could lead elsewhere is refused.
    func validate(_ name: String, _ what: String) throws {
        let isPlain = name.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x3a) || ($0 >= 0x41 && $0 <= 0x5a) || ($0 >= 0x61 && $0 <= 0x7a)
                || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
        guard isPlain && !name.isEmpty && name.utf8.count <= 200 && name.utf8.first != UInt8(ascii: ".") else {
            throw RuntimeError(
                .invalidArgument,
                "\(what) \"\(name)\": a name is 1 to 200 of A-Z a-z 0-9 . _ : - and starts with no dot")
        }
    }

    /// Whether the layer is committed.
    public func contains(layer chainID: String) throws -> Bool {
        try validate(chainID, "layer")
        return try isThere(layerPath(chainID))
    }

    /// Whether a path names anything.
    func isThere(_ path: String) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            _ = try Descriptor.open(path, CL_O_PATH | O_NOFOLLOW)
            return true
        } catch  where error.errno == ENOENT {
            return false
        }
    }

    /// The committed layers' chain ids.
    public func layers() throws -> [String] {
        try directoryEntries("\(root)/layers").sorted()
    }

    /// The keys of the snapshots.
    public func snapshots() throws -> [String] {
        try directoryEntries("\(root)/snapshots").sorted()
    }

    /// Bytes on disk of a layer.
    public func usage(layer chainID: String) throws -> SnapshotUsage {
        try validate(chainID, "layer")
        return try attempt("usage of layer \(chainID)") { try diskUsage("\(layerPath(chainID))/fs") }
    }

    /// Bytes on disk of what was written in a snapshot.
    public func usage(key: String) throws -> SnapshotUsage {
        try validate(key, "snapshot")
        return try attempt("usage of snapshot \(key)") { try diskUsage("\(snapshotPath(key))/upper") }
    }

    /// The layers that a snapshot stands upon, lowest first.
    public func layers(of key: String) throws -> [String] {
        try validate(key, "snapshot")
        return try attempt("snapshot \(key)") {
            try readText("\(snapshotPath(key))/layers").split(separator: "\n").map(String.init)
        }
    }
}
