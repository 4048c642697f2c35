public import Linux
internal import Support

/// Snapshots by overlayfs: a container's root is its own writable folder over the layers.
///
/// `ROOT/snapshots/KEY` has `upper` and `work`; the rest is ``LayerStore``'s.
public struct OverlaySnapshotter: Snapshotter {
    let store: LayerStore
    /// Tests turn it off to take the way of kernels before 6.5.
    var mountsByDescriptor = true

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

    /// Bytes on disk of what was written in a snapshot.
    public func usage(key: String) throws -> SnapshotUsage { try store.usage(key: key, folder: "upper") }

    /// The layers that a snapshot stands upon, lowest first.
    public func layers(of key: String) throws -> [String] { try store.layers(of: key) }

    /// Removes what processes left that died in the middle of something.
    public func removeLeftovers() throws { try store.removeLeftovers() }
}
