internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// Snapshots by plain copies, where overlayfs is refused: a container's root is a folder that its image's layers were
/// copied into. Blocks are shared where the file system can (btrfs, xfs).
///
/// `ROOT/snapshots/KEY/root` is that folder; the rest is ``LayerStore``'s, so that layers serve every driver.
public struct NativeSnapshotter: Snapshotter {
    let store: LayerStore

    /// The folder, such as `/var/lib/hako/snapshots`.
    public var root: String { store.root }

    /// Makes the folder (mode 0700) where it is missing, and recovers from a power loss.
    public init(root: String) throws {
        store = try attempt("open snapshots \(root)") { try LayerStore(root: root) }
    }

    init(_ store: LayerStore) {
        self.store = store
    }

    /// Whether the layer is committed.
    public func contains(layer chainID: String) throws -> Bool { try store.contains(layer: chainID) }

    /// Begins to make layers.
    public func batch(of chainIDs: [String]) throws -> LayerBatch { try LayerBatch(store, chainIDs) }

    /// The folder of a layer.
    public func openLayer(_ chainID: String) throws -> Descriptor { try store.openLayer(chainID) }

    /// Removes a layer that no snapshot uses.
    public func removeLayer(_ chainID: String) throws { try store.removeLayer(chainID) }

    /// The committed layers' chain ids.
    public func layers() throws -> [String] { try store.layers() }

    /// The keys of the snapshots.
    public func snapshots() throws -> [String] { try store.snapshots() }

    /// Bytes on disk of a layer.
    public func usage(layer chainID: String) throws -> SnapshotUsage { try store.usage(layer: chainID) }

    /// Bytes on disk of a container's whole root; what was written in it can't be told apart.
    public func usage(key: String) throws -> SnapshotUsage { try store.usage(key: key, folder: "root") }

    /// The layers that a snapshot was copied from, lowest first.
    public func layers(of key: String) throws -> [String] { try store.layers(of: key) }

    /// Always `unsupported`: a copy does not know what was written in it.
    public func changes(key: String) throws -> Descriptor {
        throw RuntimeError(
            .unsupported, "changes of snapshot \(key): the storage driver native keeps no record of them; overlay does")
    }

    /// Removes what processes left that died in the middle of something.
    public func removeLeftovers() throws { try store.removeLeftovers() }

    /// Copies committed layers, lowest first, into a folder of the container's own.
    public func prepare(key: String, layers: [String]) throws {
        try store.makeSnapshot(key, layers) { folder in
            try makeDirectories("\(folder)/root")
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
            var merge = LayerMerge(into: try Descriptor.open("\(folder)/root", flags))
            for layer in layers { try merge.add(try store.openLayer(layer)) }
        }
    }

    /// Shows the folder at another place.
    public func mount(key: String, at path: String, readOnly: Bool) throws {
        try store.validate(key, "snapshot")
        try attempt("mount snapshot \(key) at \(path)") {
            let base = store.snapshotPath(key)
            if try store.isThere("\(base)/upper") { throw store.ofAnotherDriver("overlay") }
            let target = try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)
            try bindMount("\(base)/root", onto: target, path, readOnly: readOnly)
        }
    }

    /// Takes the mount at a host folder away.
    public func unmount(at path: String) throws { try takeMountAway(path) }

    /// Removes a snapshot and what was written in it.
    public func remove(key: String) throws { try store.removeSnapshot(key) }
}
