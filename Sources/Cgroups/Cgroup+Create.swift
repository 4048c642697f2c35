internal import Glibc
internal import Linux
internal import Support

extension Cgroup {
    /// Makes the folders and those above them that are missing; on v2 hands controllers down to the group. On failure
    /// what was made is removed again.
    ///
    /// On v1 a new cpuset gets its parent's processors and memory nodes, as no process can enter an empty one.
    ///
    /// - Returns: the folders above the group that were made, outer ones first: what ``delete(timeout:)`` leaves, since
    ///   others may have come to use them.
    /// - Throws: ``RuntimeError`` `alreadyExists` where a folder is there and has processes, `invalidState` where the
    ///   group, or one above it, is frozen.
    @discardableResult public func create() throws -> [String] {
        try create(mayBeBusy: false)
    }

    /// Makes the folders that are missing in a group that is somebody else's, systemd's, and has processes already: those of
    /// hierarchies that it leaves alone, and on v2 the controllers that it does not hand down.
    ///
    /// - Returns: as ``create()`` does.
    @discardableResult public func complete() throws -> [String] {
        try create(mayBeBusy: true)
    }

    private func create(mayBeBusy: Bool) throws -> [String] {
        try withUndo { undo in
            var above: [String] = []
            for folder in folders {
                let isNew = try attempt("create cgroup \(folder.path)") {
                    try isUnified
                        ? makeUnified(folder.path, &above, &undo, mayBeBusy: mayBeBusy)
                        : make(folder, &above, &undo, mayBeBusy: mayBeBusy)
                }
                if isNew { undo.push { rmdir(folder.path) } }
            }
            if try stopsEntrants() {
                throw RuntimeError(
                    .invalidState, "container's cgroup unexpectedly frozen: \(shown); nothing that enters it could run")
            }
            return above
        }
    }

    /// Makes one v1 (or hybrid v2) folder, its parents first where they are missing.
    ///
    /// - Returns: whether it was not there before.
    @discardableResult
    private func make(
        _ folder: Folder, _ above: inout [String], _ undo: inout UndoStack, mayBeBusy: Bool = false
    ) throws -> Bool {
        var isNew = mkdir(folder.path, 0o755) == 0
        if !isNew && errno == ENOENT {
            let parent = parentPath(folder.path)
            try make(Folder(controllers: folder.controllers, path: parent), &above, &undo)
            above.append(parent)
            undo.push { rmdir(parent) }
            isNew = mkdir(folder.path, 0o755) == 0
        }
        if !isNew {
            guard errno == EEXIST else { throw SystemCallError("mkdir", errno: errno) }
            if !mayBeBusy { try refuseBusy(folder.path) }
        }
        if folder.controllers.contains("cpuset") {
            try inherit("cpuset.cpus", folder.path, isNew: isNew)
            try inherit("cpuset.mems", folder.path, isNew: isNew)
        }
        return isNew
    }

    /// Gives an empty cpuset file the parent's content.
    private func inherit(_ file: String, _ path: String, isNew: Bool) throws {
        // A new one is empty, or has the parent's content already (cgroup.clone_children): writing that is no harm.
        if !isNew, try !readSmall("\(path)/\(file)").isEmpty { return }
        try writeText(try readSmall("\(parentPath(path))/\(file)"), to: "\(path)/\(file)")
    }

    private func refuseBusy(_ path: String) throws {
        // The intermediate folders of a path may well have processes; this is asked of the last one only.
        guard folders.contains(where: { $0.path == path }) else { return }
        if try !readSmall("\(path)/cgroup.procs").isEmpty {
            throw RuntimeError(.alreadyExists, "container's cgroup is not empty; choose another linux.cgroupsPath")
        }
    }

    // MARK: v2

    private func makeUnified(
        _ path: String, _ above: inout [String], _ undo: inout UndoStack, mayBeBusy: Bool
    ) throws -> Bool {
        let parent = parentPath(path)
        try handDown(to: path, &above, &undo)
        if mkdir(path, 0o755) == 0 { return true }
        guard errno == EEXIST else { throw SystemCallError("mkdir", errno: errno, subject: parent) }
        if !mayBeBusy { try refuseBusy(path) }
        return false
    }

    /// Makes the groups above `path` that are missing and enables every controller in each, from the top down.
    private func handDown(to path: String, _ made: inout [String], _ undo: inout UndoStack) throws {
        var above: [String] = []
        var at = parentPath(path)
        var inside = false
        while at != "/" {
            let isGroup = access("\(at)/cgroup.procs", F_OK) == 0
            if inside && !isGroup { break }
            inside = inside || isGroup
            above.append(at)
            at = parentPath(at)
        }
        guard inside else { throw RuntimeError(.notFound, "no cgroup v2 hierarchy above it") }
        for folder in above.reversed() {
            if mkdir(folder, 0o755) == 0 {
                made.append(folder)
                undo.push { rmdir(folder) }
            } else if errno != EEXIST {
                throw SystemCallError("mkdir", errno: errno, subject: folder)
            }
            try enableControllers(in: folder)
        }
    }

    private func enableControllers(in folder: String) throws {
        let file = "\(folder)/cgroup.subtree_control"
        let there = Self.words(try readSmall("\(folder)/cgroup.controllers")).intersection(Self.wanted)
        let missing = there.subtracting(Self.words(try readSmall(file))).sorted()
        if missing.isEmpty { return }
        if (try? writeText(missing.map { "+\($0)" }.joined(separator: " "), to: file)) != nil { return }
        // One that is refused (processes in this group, real-time tasks) must not keep the others away. What is
        // missing in the end is an error only where a limit needs it: apply names the field then.
        for name in missing { try? writeText("+\(name)", to: file) }
        let kind = (try? readSmall("\(folder)/cgroup.type")) ?? "domain"
        if kind != "domain" {
            throw RuntimeError(
                .invalidState,
                "cgroup \(folder) is \"\(kind)\" (cgroup.type), a container needs groups above it of type \"domain\"")
        }
    }

    private static let wanted: Set<String> = ["cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma", "misc"]

    private static func words(_ text: String) -> Set<String> {
        Set(text.split(separator: " ").map(String.init))
    }
}
