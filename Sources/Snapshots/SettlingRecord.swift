internal import CLinux
internal import Dispatch
internal import Glibc
internal import Linux
internal import Support

/// Names the layers that may not have reached the disk; flushed itself before any of them can be seen.
final class SettlingRecord: Sendable {
    private let path: String
    /// Locked (flock, shared) while layers may be added that the record names.
    private let file: SharedDescriptor

    init(_ store: LayerStore, _ chainIDs: [String]) throws {
        path = "\(store.root)/unsettled/\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        try writeAtomically(Array(([store.boot] + chainIDs).joined(separator: "\n").utf8), to: path)
        file = SharedDescriptor(try Descriptor.open(path, O_RDONLY | O_NOFOLLOW))
        let raw = file.rawValue
        try check("flock", path) { flock(raw, LOCK_SH) }
    }

    /// From now on no layer is added: the time of the record tells since when.
    deinit {
        futimens(file.rawValue, nil)
    }

    /// Removes it: everything it names is on the disk.
    func remove() {
        unlink(path)
    }
}

extension LayerStore {
    /// Seconds after which the kernel has written by itself what is dirty, so that flushing costs little.
    static let quietSeconds = 60

    /// Throws away the layers of records of another boot. Those of old records of this boot are flushed by a thread of
    /// their own: nobody waits for it, and where the program ends first another one will do it.
    func recover() throws {
        let old = try discardLost()
        if !old.isEmpty { DispatchQueue(label: "hako.settle").async { try? settle(old) } }
    }

    /// Flushes the layers that the records name, and removes the records.
    func settle(_ records: [String]) throws {
        try synchronizeFileSystem()
        for path in records { unlink(path) }
    }

    /// Throws away the layers of records of another boot, and returns the records of this boot that can be settled.
    func discardLost(olderThan seconds: Int = quietSeconds) throws -> [String] {
        var old: [String] = []
        for name in try directoryEntries("\(root)/unsettled") {
            let path = "\(root)/unsettled/\(name)"
            // Gone meanwhile: somebody else has dealt with it.
            guard let text = try? readText(path), let file = try? Descriptor.open(path, O_RDONLY | O_NOFOLLOW) else {
                continue
            }
            let lines = text.split(separator: "\n").map(String.init)
            let raw = file.rawValue
            if lines.first != boot {
                // Only another process that recovers can hold it.
                try check("flock", path) { flock(raw, LOCK_EX) }
                if try isThere(path) { try discardLost(Array(lines.dropFirst()), path) }
            } else if flock(raw, LOCK_EX | LOCK_NB) == 0, age(of: raw) >= seconds {
                old.append(path)
            }
        }
        return old
    }

    /// Throws away layers that a power loss may have spoilt, and their record last.
    private func discardLost(_ chainIDs: [String], _ record: String) throws {
        for chainID in chainIDs where (try? validate(chainID, "layer")) != nil {
            try discard(chainID, at: layerPath(chainID))
        }
        try synchronizeFileSystem()
        unlink(record)
    }

    private func age(of file: Int32) -> Int {
        var status = stat()
        return fstat(file, &status) == 0 ? time(nil) - status.st_mtim.tv_sec : 0
    }
}
