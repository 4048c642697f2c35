internal import Glibc
internal import Linux
internal import Support

extension Cgroup {
    /// The pids in the group and in the groups below it, as seen from this process's pid namespace.
    ///
    /// A process that moves or ends meanwhile may be there or not. Empty where the group is gone.
    public func processes() throws -> [Int32] {
        guard let folder = folder(of: "freezer") ?? folder(of: "pids") ?? folders.first else { return [] }
        return try attempt("list processes of cgroup \(folder.path)") {
            var pids: [Int32] = []
            try Self.visit(folder.path) { path in
                pids += try readText("\(path)/cgroup.procs").split(separator: "\n").compactMap { Int32($0) }
            }
            return pids
        }
    }

    /// Calls `body` for a folder and those below it, the deepest last; folders that vanish are skipped.
    static func visit(_ path: String, _ body: (String) throws -> Void) throws {
        do {
            try body(path)
            for name in try subfolders(path) { try visit("\(path)/\(name)", body) }
        } catch let error as SystemCallError where error.errno == ENOENT || error.errno == ENODEV {
            return
        }
    }

    /// The groups right below a folder. A cgroup's link count tells whether there are any without a listing.
    static func subfolders(_ path: String) throws -> [String] {
        var status = stat()
        if stat(path, &status) != 0 { throw SystemCallError("stat", errno: errno, subject: path) }
        if status.st_nlink == 2 { return [] }
        return try directoryEntries(path).filter { name in
            var entry = stat()
            return lstat("\(path)/\(name)", &entry) == 0 && entry.st_mode & S_IFMT == S_IFDIR
        }
    }

    // MARK: Pause

    /// Stops every process of the group until ``thaw()``, and waits until they have stopped.
    ///
    /// - Parameter timeout: milliseconds until it is given up (and thawed again).
    public func freeze(timeout: Int = 10_000) throws {
        try attempt("freeze cgroup \(shown)") { try freezeAndWait(timeout: timeout) }
    }

    /// Lets frozen processes run on; where a group above this one is frozen they do when that one is thawed.
    public func thaw() throws {
        try attempt("thaw cgroup \(shown)") {
            let (file, _, thawed) = try freezerFile()
            try writeText(thawed, to: file)
        }
    }

    private func freezeAndWait(timeout: Int) throws {
        let (file, frozen, thawed) = try freezerFile()
        try writeText(frozen, to: file)
        let done = try Self.poll(milliseconds: timeout) {
            if isUnified { return try readText("\(parentPath(file))/cgroup.events").contains("frozen 1") }
            if try readText(file) == frozen { return true }
            // A task that was forked meanwhile is caught by writing again (kernel's freezer-subsystem.rst).
            try writeText(frozen, to: file)
            return false
        }
        if done { return }
        try writeText(thawed, to: file)
        throw RuntimeError(.timeout, "not done after \(timeout) ms; a process may hang in the kernel")
    }

    /// The file that freezes the group, and its words.
    private func freezerFile() throws -> (path: String, frozen: String, thawed: String) {
        if !isUnified, let folder = folder(of: "freezer") {
            return ("\(folder.path)/freezer.state", "FROZEN", "THAWED")
        }
        guard let folder = unifiedFolder else {
            throw RuntimeError(.unsupported, "this host has no freezer controller")
        }
        return ("\(folder.path)/cgroup.freeze", "1", "0")
    }

    /// Whether the group itself is frozen by ``freeze(timeout:)``; not so where only a group above it is.
    public func isFrozen() throws -> Bool {
        try attempt("read state of cgroup \(shown)") {
            if !isUnified, let folder = folder(of: "freezer") {
                return try readSmall("\(folder.path)/freezer.self_freezing") == "1"
            }
            guard let folder = unifiedFolder else { return false }
            return try readSmall("\(folder.path)/cgroup.freeze") == "1"
        }
    }

    /// Whether a process of the group is frozen with it, of which the state's letter (proc_pid_stat(5)) is known.
    ///
    /// Version 1's freezer keeps its processes in uninterruptible sleep, so that of most no file need be read.
    public func isFrozen(withProcessIn state: UInt8) throws -> Bool {
        let wakes = state == UInt8(ascii: "S") || state == UInt8(ascii: "R")
        if wakes, !isUnified, folder(of: "freezer") != nil { return false }
        return try isFrozen()
    }

    /// Whether a process that enters the group stops at once: the group or one above it is frozen.
    func stopsEntrants() throws -> Bool {
        if !isUnified, let folder = folder(of: "freezer") {
            return try readSmall("\(folder.path)/freezer.state") != "THAWED"
        }
        guard let folder = unifiedFolder else { return false }
        return try readSmall("\(folder.path)/cgroup.events").contains("frozen 1")
    }

    /// Asks until `body` says yes or the time is over: at once, then after 0.1 ms, doubling up to 10 ms.
    static func poll(milliseconds: Int, _ body: () throws -> Bool) rethrows -> Bool {
        var pause: UInt32 = 100
        var waited = 0
        while true {
            if try body() { return true }
            if waited / 1000 >= milliseconds { return false }
            usleep(pause)
            waited += Int(pause)
            pause = min(pause * 2, 10_000)
        }
    }

    // MARK: End

    /// Sends SIGKILL to every process of the group and of the groups below it.
    ///
    /// With cgroup.kill (v2 since 5.14) one write does it. On v1 the group is frozen, so that nothing can fork
    /// away, and each process killed; frozen processes die as soon as they are thawed. Does not wait for their ends.
    public func killAll() throws {
        try attempt("kill processes of cgroup \(shown)") {
            if let folder = unifiedFolder, access("\(folder.path)/cgroup.kill", W_OK) == 0 {
                try writeText("1", to: "\(folder.path)/cgroup.kill")
                if isUnified { return }
            }
            if try processes().isEmpty { return }
            let frozen = (try? freeze(timeout: 500)) != nil
            defer { if frozen { try? thaw() } }
            for pid in try processes() where pid > 0 {
                if kill(pid, SIGKILL) != 0 && errno != ESRCH {
                    throw SystemCallError("kill", errno: errno, subject: "\(pid)")
                }
            }
        }
    }

    /// Removes the folders and the groups below them. Folders that are gone are no error.
    ///
    /// A group whose last process has just ended stays busy for a moment: it is tried again for up to `timeout`
    /// milliseconds, with pauses of 0.1 to 10 ms. All folders are tried; the first error is thrown at the end.
    public func delete(timeout: Int = 3000) throws {
        var first: (any Error)?
        for folder in folders {
            do {
                try attempt("delete cgroup \(folder.path)") { try Self.remove(folder.path, timeout) }
            } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
    }

    private static func remove(_ path: String, _ timeout: Int) throws {
        if rmdir(path) == 0 || errno == ENOENT { return }
        guard errno == EBUSY else { throw SystemCallError("rmdir", errno: errno, subject: path) }
        for name in (try? subfolders(path)) ?? [] { try remove("\(path)/\(name)", timeout) }
        let done = try poll(milliseconds: timeout) {
            if rmdir(path) == 0 || errno == ENOENT { return true }
            if errno != EBUSY { throw SystemCallError("rmdir", errno: errno, subject: path) }
            return false
        }
        if !done { throw RuntimeError(.invalidState, "it still has processes after \(timeout) ms") }
    }
}
