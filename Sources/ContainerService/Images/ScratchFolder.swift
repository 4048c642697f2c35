internal import Glibc
internal import Linux

/// A folder for one piece of work, named after the process that works, so that others can tell what was left behind.
final class ScratchFolder: Sendable {
    let path: String

    /// Makes one in `folder`, which is made where it is missing. Removed when this value goes.
    init(in folder: String) throws {
        let own = try ProcessIdentity(of: getpid())
        let random = String(UInt64.random(in: 0 ... .max), radix: 16)
        path = "\(folder)/\(own.pid)-\(own.startTime)-\(random)"
        try makeDirectories(path, mode: 0o700)
    }

    deinit {
        try? removeTree(path)
        rmdir(parentPath(path))
    }

    /// Removes a folder whose process is gone, or that no process made.
    static func removeIfAbandoned(_ path: String) throws {
        let parts = (path.split(separator: "/").last ?? "").split(separator: "-")
        if parts.count == 3, let pid = Int32(parts[0]), let started = UInt64(parts[1]),
            ProcessIdentity(pid: pid, startTime: started).isAlive
        {
            return
        }
        try removeTree(path)
    }
}
