internal import Glibc
internal import Linux
internal import Snapshots

/// A folder for one piece of work, named after the process that works, so that others can tell what was left behind.
final class ScratchFolder: Sendable {
    let path: String

    /// Makes one in `folder`, which is made where it is missing. Removed when this value goes.
    init(in folder: String) throws {
        path = "\(folder)/\(try Self.ownName())"
        try makeDirectories(path, mode: 0o700)
    }

    deinit {
        try? removeTree(path)
        rmdir(parentPath(path))
    }

    /// Removes a folder whose process is gone, or that no process made, with what it may have mounted there.
    static func removeIfAbandoned(_ path: String, _ snapshots: any Snapshotter) throws {
        if isInUse(String(path.split(separator: "/").last ?? "")) { return }
        try snapshots.unmount(at: path)
        try removeTree(path)
    }

    /// A name that tells later whether this process still runs.
    static func ownName() throws -> String {
        let own = try ProcessIdentity(of: getpid())
        return "\(own.pid)-\(own.startTime)-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    }

    /// Whether the process still runs that a name ending as ``ownName()`` says belongs to.
    static func isInUse(_ name: String) -> Bool {
        let parts = name.split(separator: "-").suffix(3)
        guard parts.count == 3, let pid = Int32(parts[parts.startIndex]) else { return false }
        guard let started = UInt64(parts[parts.startIndex + 1]) else { return false }
        return ProcessIdentity(pid: pid, startTime: started).isAlive
    }
}
