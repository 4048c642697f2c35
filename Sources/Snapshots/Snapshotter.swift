public import Linux
internal import Support

/// Keeps the unpacked layers of images and makes the root file systems of containers from them.
///
/// A layer is named by its chain ID (OCI image specification, config.md): it stands for itself upon those below
/// it. A snapshot is a writable layer upon a list of layers, named by a key of the caller's, usually the
/// container's id. Lists of layers are always in document order: the lowest first.
///
/// Every operation is whole or not at all, also when the process is killed in it or the power is lost, and may be called
/// from several processes at once. Errors: `invalidArgument` for a malformed name, `notFound`, `alreadyExists`, `invalidState`
/// for what is in use, `resourceExhausted` where the disk is full.
public protocol Snapshotter: Sendable {
    /// Whether a layer is there, whole.
    func contains(layer chainID: String) throws -> Bool

    /// Begins to make the layers of an image that are not there; chain IDs lowest first.
    func batch(of chainIDs: [String]) throws -> LayerBatch

    /// The folder of a layer that is there.
    func openLayer(_ chainID: String) throws -> Descriptor

    /// Makes an empty writable layer upon `layers`, lowest first, which must be there.
    func prepare(key: String, layers: [String]) throws

    /// Mounts a snapshot at a folder of the host.
    ///
    /// - Parameter readOnly: shows the snapshot without a way to write; several such views may be mounted.
    func mount(key: String, at path: String, readOnly: Bool) throws

    /// Unmounts what ``mount(key:at:readOnly:)`` mounted there, also while it is in use; nothing mounted is no
    /// error.
    func unmount(at path: String) throws

    /// The chain IDs of the layers that a snapshot stands upon, lowest first.
    func layers(of key: String) throws -> [String]

    /// What was written into a snapshot, in the form of an overlayfs upper folder: a removed entry is a character device
    /// 0/0, a folder that hides the lower ones has the attribute `trusted.overlay.opaque`.
    func changes(key: String) throws -> Descriptor

    /// Removes a snapshot, which must not be mounted any more; a missing one is no error.
    func remove(key: String) throws

    /// Removes a layer; `invalidState` while a snapshot stands upon it; a missing one is no error.
    func removeLayer(_ chainID: String) throws

    /// Removes what processes left that died in the middle of one of these operations.
    func removeLeftovers() throws

    /// Chain IDs of the layers that are there, sorted.
    func layers() throws -> [String]

    /// Keys of the snapshots that are there, sorted.
    func snapshots() throws -> [String]

    /// What a layer takes on the disk.
    func usage(layer chainID: String) throws -> SnapshotUsage

    /// What was written into a snapshot.
    func usage(key: String) throws -> SnapshotUsage
}

extension Snapshotter {
    /// Makes one layer and waits until it is on the disk; a layer that is there already is not filled again.
    ///
    /// - Parameters:
    ///   - lowers: chain IDs of the layers below, lowest first, which must be there.
    ///   - fill: gets the folder, empty, and the folders of the layers below, the nearest first. What it throws is
    ///     thrown on, and nothing of the layer stays.
    public func commitLayer(
        _ chainID: String, lowers: [String],
        fill: (borrowing RootDirectory, [SharedDescriptor]) throws -> Void
    ) throws {
        try attempt("commit layer \(chainID)") {
            let batch = try batch(of: [chainID])
            guard let stage = try batch.stage(chainID) else { return }
            do {
                let folders = try lowers.reversed().map { SharedDescriptor(try openLayer($0)) }
                try fill(try stage.openRoot(), folders)
            } catch {
                stage.discard()
                batch.abandon()
                throw error
            }
            try stage.commit()
            try batch.settle()
        }
    }
}

/// What a folder takes on the disk.
public struct SnapshotUsage: Sendable, Equatable {
    /// Bytes of the blocks that are allocated; a file with several names counts once.
    public var bytes: Int64 = 0
    /// Files, folders and others.
    public var inodes = 0
}
