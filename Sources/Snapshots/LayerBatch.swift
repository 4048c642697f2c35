internal import Glibc
public import Linux
internal import Support

/// The layers of one image on their way into a ``Snapshotter``, which reach the disk together.
///
/// Layers are staged in any order and by several threads, and committed when the caller has verified them; a layer that is
/// committed is there for everybody. Until ``settle()``, or the first use of the store a minute after the batch is
/// gone, a power loss may take the batch's layers away again, whole ones only.
public final class LayerBatch: Sendable {
    private let store: LayerStore
    /// The record of what may not have reached the disk, locked; nil where every layer was there.
    private let record: SettlingRecord?

    init(_ store: LayerStore, _ chainIDs: [String]) throws {
        self.store = store
        let missing = try chainIDs.filter { try !store.contains(layer: $0) }
        record = missing.isEmpty ? nil : try SettlingRecord(store, missing)
    }

    /// Begins a layer; nil where it is there. Waits while another process or thread makes it.
    public func stage(_ chainID: String) throws -> LayerStage? {
        if try store.contains(layer: chainID) { return nil }
        let lock = try FileLock("\(store.root)/locks/\(chainID)")
        do {
            if try store.contains(layer: chainID) {
                lock.remove()
                return nil
            }
            store.sweep(holding: chainID)
            return try LayerStage(store, chainID, lock)
        } catch {
            lock.remove()
            throw error
        }
    }

    /// Ends a batch of which no layer was committed.
    public func abandon() {
        record?.remove()
    }

    /// Waits until all layers of the batch are on the disk.
    public func settle() throws {
        guard let record else { return }
        try attempt("flush layers") {
            try store.synchronizeFileSystem()
            record.remove()
        }
    }
}

/// A layer that is being made, in a folder that nobody else sees. One thread at a time uses it.
public final class LayerStage: Sendable {
    /// The layer's name.
    public let chainID: String
    /// The folder to unpack into, empty at first.
    public let folder: SharedDescriptor
    private let store: LayerStore
    private let temporary: String
    private let lock: FileLock

    init(_ store: LayerStore, _ chainID: String, _ lock: FileLock) throws {
        self.store = store
        self.chainID = chainID
        self.lock = lock
        let temporary = store.temporaryPath(chainID)
        self.temporary = temporary
        try makeDirectories("\(temporary)/fs")
        folder = SharedDescriptor(try Descriptor.open("\(temporary)/fs", O_RDONLY | O_DIRECTORY))
    }

    /// The folder, to unpack into.
    public func openRoot() throws(SystemCallError) -> RootDirectory {
        try RootDirectory(opening: "\(temporary)/fs")
    }

    /// Removes what was made in the folder, to begin anew.
    public func empty() throws {
        let raw = folder.rawValue
        try check("fchmod", temporary) { fchmod(raw, 0o755) }
        for name in try directoryEntries("\(temporary)/fs") { try removeTree("\(temporary)/fs/\(name)") }
    }

    /// Shows the layer to everybody.
    public func commit() throws {
        defer { lock.remove() }
        do {
            try store.publish(temporary, at: store.layerPath(chainID))
        } catch {
            try? removeTree(temporary)
            throw error
        }
    }

    /// Throws away what was made.
    public func discard() {
        try? removeTree(temporary)
        lock.remove()
    }
}
