internal import CLinux
internal import Glibc
internal import Linux
internal import Support
internal import Synchronization

/// A layer to stand upon: a committed one, or one that is being made.
public enum LayerPlace: Sendable, Hashable {
    /// A chain ID.
    case committed(String)
    /// A draft of the same ``LayerDrafts``.
    case draft(LayerDraft)
}

/// A writable folder that will be a layer.
public struct LayerDraft: Sendable, Hashable {
    /// What was written: overlayfs's upper folder.
    public let path: String
    /// The draft's folder, with all that belongs to it.
    let base: String
    /// A layer under it for this draft alone, which is no part of it: what the runtime needs to mount onto.
    let scaffold: String?
}

/// Layers that are made one upon the other and committed together, as a build makes them.
///
/// They lie in the snapshotter's temporary folder under a lock that this object holds; when the process dies, the next
/// one's sweep removes them. Committing brings all of them to the disk with one flush. May be used from several threads.
public final class LayerDrafts: Sendable {
    private let snapshots: OverlaySnapshotter
    private let lock: FileLock
    private let folder: String
    private let count = Mutex(0)

    /// Makes an empty set of drafts.
    ///
    /// - Parameter name: a name that nobody else uses now.
    public init(_ snapshots: OverlaySnapshotter, name: String) throws {
        self.snapshots = snapshots
        try snapshots.store.validate(name, "draft")
        lock = try attempt("begin drafts \(name)") { try FileLock("\(snapshots.root)/locks/\(name)", waits: false) }
        snapshots.store.sweep(holding: name)
        folder = snapshots.store.temporaryPath(name)
        try makeDirectories(folder, mode: 0o700)
    }

    /// Removes what was not committed.
    public func close() {
        try? removeTree(folder)
        lock.remove()
    }

    /// Makes an empty draft whose root has the owner and the mode of the layer below.
    ///
    /// - Parameter scaffolded: whether it gets a scaffold.
    public func begin(upon lowers: [LayerPlace], scaffolded: Bool = false) throws -> LayerDraft {
        let base = "\(folder)/\(next())"
        let draft = LayerDraft(
            path: "\(base)/fs", base: base, scaffold: scaffolded ? "\(base)/scaffold" : nil)
        try attempt("begin a layer") {
            for path in [draft.path, draft.scaffold].compactMap(\.self) {
                try makeDirectories(path)
                try copyRoot(of: lowers.last, to: path)
            }
        }
        return draft
    }

    private func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }

    private func copyRoot(of lower: LayerPlace?, to path: String) throws {
        let made = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        guard let lower else {
            let raw = made.rawValue
            try check("fchmod", path) { fchmod(raw, 0o755) }
            return
        }
        try copyOwner(from: try Descriptor.open(try fileSystem(lower), CL_O_PATH | O_DIRECTORY), to: made, shown: path)
    }

    /// Where a layer's files are.
    public func fileSystem(_ place: LayerPlace) throws -> String {
        switch place {
        case .committed(let chainID): try snapshots.folder(ofLayer: chainID)
        case .draft(let draft): draft.path
        }
    }

    /// Mounts a draft over the layers below it; what is written comes into the draft.
    public func mount(_ draft: LayerDraft, upon lowers: [LayerPlace], at path: String) throws {
        var folders = try lowers.reversed().map(fileSystem)
        if let scaffold = draft.scaffold { folders.insert(scaffold, at: 0) }
        try mount(folders, upper: draft.path, of: draft, at: path)
    }

    /// Mounts a draft's scaffold in place of the draft, to put in what is missing.
    public func mountScaffold(_ draft: LayerDraft, upon lowers: [LayerPlace], at path: String) throws {
        guard let scaffold = draft.scaffold else { return }
        try mount(try lowers.reversed().map(fileSystem), upper: scaffold, of: draft, at: path)
    }

    /// Mounts layers to be read only.
    public func mountView(_ layers: [LayerPlace], at path: String) throws {
        let folders = try layers.reversed().map(fileSystem)
        try attempt("mount layers at \(path)") {
            let target = try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)
            if folders.count > 1 {
                return try OverlayMount(lowers: folders, upper: nil, work: nil)
                    .attach(to: target, path, byDescriptor: snapshots.mountsByDescriptor)
            }
            let only = folders.first ?? "\(folder)/empty"
            if folders.isEmpty { try makeDirectories(only) }
            try bindMount(only, onto: target, path, readOnly: true)
        }
    }

    /// Volatile: nothing needs to be on the disk before ``commit(_:)``. overlayfs marks the folder of such a mount as
    /// used up, so that each mount gets a new one.
    private func mount(_ folders: [String], upper: String, of draft: LayerDraft, at path: String) throws {
        try attempt("mount layers at \(path)") {
            let target = try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)
            if folders.isEmpty { return try bindMount(upper, onto: target, path, readOnly: false) }
            let work = "\(draft.base)/work/\(next())"
            try makeDirectories(work, mode: 0o700)
            var mount = OverlayMount(lowers: folders, upper: upper, work: work)
            mount.isVolatile = true
            try mount.attach(to: target, path, byDescriptor: snapshots.mountsByDescriptor)
        }
    }

    /// Takes a mount away.
    public func unmount(at path: String) throws {
        try snapshots.unmount(at: path)
    }

    /// Commits drafts under their chain IDs, each after those it stands upon; none may be mounted or written any more.
    ///
    /// One that is there already stays as it is.
    public func commit(_ drafts: [(draft: LayerDraft, chainID: String)]) throws {
        guard !drafts.isEmpty else { return }
        try attempt("commit \(drafts.count) layers") {
            let folder = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
            let raw = folder.rawValue
            try check("syncfs", self.folder) { cl_syncfs(raw) }
            for (draft, chainID) in drafts { try publish(draft, chainID) }
            let layers = "\(snapshots.root)/layers"
            try Descriptor.open(layers, O_RDONLY | O_DIRECTORY).synchronize(layers)
        }
    }

    private func publish(_ draft: LayerDraft, _ chainID: String) throws {
        try snapshots.store.validate(chainID, "layer")
        let lock = try FileLock("\(snapshots.root)/locks/\(chainID)")
        defer { lock.remove() }
        for name in ["work", "scaffold"] { try removeTree("\(draft.base)/\(name)") }
        let noReplace: UInt32 = 1
        let target = snapshots.store.layerPath(chainID)
        if cl_renameat2(AT_FDCWD, draft.base, AT_FDCWD, target, noReplace) != 0, errno != EEXIST {
            throw SystemCallError("renameat2", errno: errno, subject: target)
        }
    }
}

extension OverlaySnapshotter {
    /// The folder of a committed layer's own files, with overlayfs's marks in it; never to be written.
    public func folder(ofLayer chainID: String) throws -> String {
        guard try contains(layer: chainID) else { throw RuntimeError(.notFound, "layer \(chainID): not here") }
        return "\(store.layerPath(chainID))/fs"
    }
}
