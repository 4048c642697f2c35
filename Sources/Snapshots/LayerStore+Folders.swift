internal import CLinux
internal import Glibc
internal import Linux
internal import Support

extension LayerStore {
    /// A name for what is being made or removed for `name`.
    func temporaryPath(_ name: String) -> String {
        "\(root)/temporary/\(name)~\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    }

    /// Gives a temporary folder its place, which must be free.
    func publish(_ temporary: String, at path: String) throws {
        let noReplace: UInt32 = 1
        try check("renameat2", path) { cl_renameat2(AT_FDCWD, temporary, AT_FDCWD, path, noReplace) }
    }

    /// Brings the whole file system to the disk in one call: thousands of fsyncs would take minutes.
    func synchronizeFileSystem() throws(SystemCallError) {
        let folder = try Descriptor.open(root, O_RDONLY | O_DIRECTORY)
        let raw = folder.rawValue
        try check("syncfs", root) { cl_syncfs(raw) }
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

    /// Removes what processes left that died in the middle of something: half-made and half-removed folders, locks, records
    /// of layers that were never flushed (flushing them now), and notes of the driver that were not finished.
    func removeLeftovers() throws {
        try attempt("remove what was left in \(root)") {
            sweep(holding: nil)
            let records = try discardLost(olderThan: 0)
            if !records.isEmpty { try settle(records) }
            for name in try directoryEntries(root) where name.hasPrefix("driver.tmp.") {
                guard let writer = Int32(name.dropFirst("driver.tmp.".count)), kill(writer, 0) != 0 else { continue }
                unlink("\(root)/\(name)")
            }
            for name in try directoryEntries("\(root)/locks") {
                // Whoever waits for a lock that is removed under it makes a new one.
                guard let lock = try? FileLock("\(root)/locks/\(name)", waits: false) else { continue }
                lock.remove()
            }
        }
    }

    /// Makes a snapshot's folder by `fill`, under the locks that this needs, and gives it its place.
    func makeSnapshot(_ key: String, _ layers: [String], _ fill: (String) throws -> Void) throws {
        try validate(key, "snapshot")
        for layer in layers { try validate(layer, "layer") }
        try attempt("prepare snapshot \(key)") {
            let lock = try FileLock("\(root)/locks/\(key)")
            defer { lock.remove() }
            let all = try FileLock("\(root)/lock", shared: true)
            defer { all.release() }
            if try isThere(snapshotPath(key)) { throw RuntimeError(.alreadyExists, "it is there already") }
            sweep(holding: key)
            let temporary = temporaryPath(key)
            try withUndo { undo in
                try makeDirectories(temporary, mode: 0o700)
                undo.push { try removeTree(temporary) }
                try fill(temporary)
                try writeAtomically(Array(layers.joined(separator: "\n").utf8), to: "\(temporary)/layers")
                try publish(temporary, at: snapshotPath(key))
            }
        }
    }

    /// Removes a snapshot and what was written in it.
    func removeSnapshot(_ key: String) throws {
        try validate(key, "snapshot")
        try attempt("remove snapshot \(key)") {
            let lock = try FileLock("\(root)/locks/\(key)")
            defer { lock.remove() }
            try discard(key, at: snapshotPath(key))
        }
    }
}
