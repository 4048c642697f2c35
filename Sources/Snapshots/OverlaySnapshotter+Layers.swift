internal import CLinux
internal import Glibc
public import Linux
internal import Support

extension OverlaySnapshotter {
    /// Fills and commits a layer; see ``Snapshotter``.
    public func commitLayer(
        _ chainID: String, lowers: [String],
        fill: (borrowing RootDirectory, [SharedDescriptor]) throws -> Void
    ) throws {
        if try contains(layer: chainID) { return }
        do {
            try commit(chainID, lowers, fill)
        } catch {
            throw RuntimeError(
                (error as? any CodedError)?.runtimeCode ?? .internal, "commit layer \(chainID)", cause: error)
        }
    }

    private func commit(
        _ chainID: String, _ lowers: [String], _ fill: (borrowing RootDirectory, [SharedDescriptor]) throws -> Void
    ) throws {
        let lock = try FileLock("\(root)/locks/\(chainID)")
        defer { lock.remove() }
        if try contains(layer: chainID) { return }
        sweep(holding: chainID)
        var folders: [SharedDescriptor] = []
        for lower in lowers.reversed() { folders.append(SharedDescriptor(try openLayer(lower))) }
        let temporary = temporaryPath(chainID)
        do {
            try makeDirectories("\(temporary)/fs")
            let folder = try RootDirectory(opening: "\(temporary)/fs")
            try fill(folder, folders)
            try publish(temporary, at: layerPath(chainID))
        } catch {
            try? removeTree(temporary)
            throw error
        }
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

    /// A name for what is being made or removed for `name`.
    func temporaryPath(_ name: String) -> String {
        "\(root)/temporary/\(name)~\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    }

    /// Waits until a temporary folder is on the disk, and gives it its place.
    private func publish(_ temporary: String, at path: String) throws {
        try synchronizeFileSystem(temporary)
        let noReplace: UInt32 = 1
        try check("renameat2", path) { cl_renameat2(AT_FDCWD, temporary, AT_FDCWD, path, noReplace) }
        let parent = try Descriptor.open(parentPath(path), O_RDONLY | O_DIRECTORY)
        try parent.synchronize(path)
    }

    /// Brings a whole file system to the disk in one call: thousands of fsyncs would take minutes.
    private func synchronizeFileSystem(_ path: String) throws(SystemCallError) {
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        let raw = folder.rawValue
        try check("syncfs", path) { cl_syncfs(raw) }
    }

    /// Takes a tree out of its place by one rename, then removes it.
    func discard(_ name: String, at path: String) throws {
        let temporary = temporaryPath(name)
        if rename(path, temporary) != 0 {
            if errno == ENOENT { return }
            throw SystemCallError("rename", errno: errno, subject: path)
        }
        try removeTree(temporary)
    }

    /// Removes what processes that are gone left behind; what is locked belongs to a living one.
    func sweep(holding name: String?) {
        let left = (try? directoryEntries("\(root)/temporary")) ?? []
        for entry in left {
            guard let owner = entry.split(separator: "~").first.map(String.init) else { continue }
            if owner == name {
                try? removeTree("\(root)/temporary/\(entry)")
            } else if let lock = try? FileLock("\(root)/locks/\(owner)", waits: false) {
                try? removeTree("\(root)/temporary/\(entry)")
                lock.remove()
            }
        }
    }

    /// Removes a layer that no snapshot uses.
    public func removeLayer(_ chainID: String) throws {
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
}
