internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// Unpacked layers in a folder, in the form that overlayfs takes; what every driver stands upon.
///
/// ```
/// ROOT/layers/CHAINID/fs          a layer, never written again
/// ROOT/snapshots/KEY/…            a container's writable part, in the form of its driver
/// ROOT/snapshots/KEY/layers       the chain IDs it stands upon, one a line, lowest first
/// ROOT/temporary/NAME~RANDOM      what is being made or removed; swept at the next use
/// ROOT/unsettled/RANDOM           layers that may not have reached the disk: the boot, then chain IDs, one a line
/// ROOT/locks/NAME                 flock(2): one process at a time works on a layer
/// ROOT/lock                       shared while a snapshot is made, exclusive while a layer is removed
/// ```
/// A layer becomes visible by one rename. Its data need not have reached the disk by then: a record in `unsettled` that
/// was flushed before names it, and goes when all has been flushed. After a power loss the record is of another boot, and
/// its layers are thrown away, to be unpacked again from their blobs.
struct LayerStore: Sendable {
    let root: String
    /// Names the running kernel's boot: records of another one are of what a power loss may have spoilt.
    let boot: String

    /// Makes the folders (mode 0700) where they are missing, and throws away what a power loss may have spoilt.
    init(root: String, boot: String? = nil) throws {
        self.root = root
        self.boot = try boot ?? readText("/proc/sys/kernel/random/boot_id").filter { !$0.isWhitespace }
        try makeDirectories(root, mode: 0o700)
        for name in ["layers", "snapshots", "temporary", "locks", "unsettled"] {
            try makeDirectories("\(root)/\(name)", mode: 0o700)
        }
        try recover()
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
    func contains(layer chainID: String) throws -> Bool {
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
    func layers() throws -> [String] {
        try directoryEntries("\(root)/layers").sorted()
    }

    /// The keys of the snapshots.
    func snapshots() throws -> [String] {
        try directoryEntries("\(root)/snapshots").sorted()
    }

    /// The folder of a layer that is there.
    func openLayer(_ chainID: String) throws -> Descriptor {
        try validate(chainID, "layer")
        do throws(SystemCallError) {
            return try Descriptor.open("\(layerPath(chainID))/fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        } catch {
            throw RuntimeError(error.runtimeCode, "layer \(chainID)", cause: error)
        }
    }

    /// The layers that a snapshot stands upon, lowest first.
    func layers(of key: String) throws -> [String] {
        try validate(key, "snapshot")
        return try attempt("snapshot \(key)") {
            try readText("\(snapshotPath(key))/layers").split(separator: "\n").map(String.init)
        }
    }

    /// Removes a layer that no snapshot uses.
    func removeLayer(_ chainID: String) throws {
        try validate(chainID, "layer")
        try attempt("remove layer \(chainID)") {
            let lock = try FileLock("\(root)/locks/\(chainID)")
            defer { lock.remove() }
            let all = try FileLock("\(root)/lock")
            defer { all.release() }
            for key in try snapshots() where try layers(of: key).contains(chainID) {
                throw RuntimeError(.invalidState, "snapshot \(key) stands upon it")
            }
            try discard(chainID, at: layerPath(chainID))
        }
    }

    /// Bytes on disk of a layer.
    func usage(layer chainID: String) throws -> SnapshotUsage {
        try validate(chainID, "layer")
        return try attempt("usage of layer \(chainID)") { try diskUsage("\(layerPath(chainID))/fs") }
    }

    /// Bytes on disk of a folder of a snapshot.
    func usage(key: String, folder: String) throws -> SnapshotUsage {
        try validate(key, "snapshot")
        return try attempt("usage of snapshot \(key)") { try diskUsage("\(snapshotPath(key))/\(folder)") }
    }

    /// The error of a snapshot that only another driver can mount.
    func ofAnotherDriver(_ name: String) -> RuntimeError {
        RuntimeError(.invalidState, "it was made by the storage driver \(name): choose that one to use it")
    }
}
