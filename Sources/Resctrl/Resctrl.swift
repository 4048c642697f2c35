internal import Glibc
internal import Linux
internal import Support

/// The kernel's resctrl file system: groups of tasks that share caches and memory bandwidth (the kernel's resctrl.rst),
/// as `linux.intelRdt` uses them.
public struct Resctrl {
    /// Where it is mounted.
    public let mountPoint: String
    private let folders: Folders

    /// How groups are made and removed: by mkdir(2) and rmdir(2), which the kernel gives their meaning.
    struct Folders {
        var make: (String) throws(SystemCallError) -> Void = { path throws(SystemCallError) in
            try check("mkdir", path) { mkdir(path, 0o755) }
        }
        var remove: (String) throws(SystemCallError) -> Void = { path throws(SystemCallError) in
            try check("rmdir", path) { rmdir(path) }
        }
    }

    /// Finds the mount in this process's mount namespace.
    ///
    /// - Throws: ``RuntimeError`` `unsupported` where there is none.
    public init() throws {
        guard let path = Self.mountPoint(in: try readFile("/proc/self/mountinfo")) else {
            throw RuntimeError(
                .unsupported,
                "linux.intelRdt: no resctrl file system is mounted; where processor and kernel have it: "
                    + "mount -t resctrl resctrl /sys/fs/resctrl")
        }
        self.init(mountPoint: path, folders: Folders())
    }

    /// Takes a folder for the mount.
    init(mountPoint: String, folders: Folders) {
        (self.mountPoint, self.folders) = (mountPoint, folders)
    }

    /// The first mount of the file system, and of all of it, in the text of /proc/PID/mountinfo.
    static func mountPoint(in mountinfo: [UInt8]) -> String? {
        for line in mountinfo.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard let mark = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }), mark >= 6,
                fields.count > mark + 1, fields[mark + 1].elementsEqual("resctrl".utf8),
                fields[3].elementsEqual("/".utf8)
            else { continue }
            return unescapedMountField(fields[4])
        }
        return nil
    }

    // MARK: Groups

    /// Makes or finds the group that a container's settings mean, with its schemata and its monitoring group.
    ///
    /// - Throws: ``RuntimeError`` with the kernel's own words where it refuses; nothing of the group is left then.
    public func makeGroup(_ settings: ResctrlSettings, id: String) throws -> ResctrlGroup {
        try settings.validate(id: id)
        return try withUndo { undo in
            let path = settings.closID == "/" ? mountPoint : "\(mountPoint)/\(settings.closID ?? id)"
            let isNew = try settings.needsExistingGroup ? requireFolder(path) : make(path)
            if isNew { undo.push { try folders.remove(path) } }
            if settings.closID != nil && !isNew { try compare(settings, with: path) }
            try write(settings.lines, to: path)
            var group = ResctrlGroup(path: path, isOurs: isNew && settings.closID == nil)
            if settings.monitors {
                let monitor = "\(path)/mon_groups/\(id)"
                guard try make(monitor) else {
                    throw RuntimeError(
                        .alreadyExists, "linux.intelRdt.enableMonitoring: monitoring group \(monitor) is there already")
                }
                group.monitor = monitor
            }
            return group
        }
    }

    /// Writes new lines to a container's group.
    public func update(_ group: ResctrlGroup, _ lines: [String]) throws {
        try write(lines, to: group.path)
    }

    /// Removes what was made for a container; what is gone is no error.
    ///
    /// The kernel moves processes that are left to the group above.
    public func remove(_ group: ResctrlGroup) throws {
        for path in [group.monitor, group.isOurs ? group.path : nil].compactMap(\.self) {
            do {
                try folders.remove(path)
            } catch {
                if error.errno != ENOENT { throw error }
            }
        }
    }

    /// Makes a folder; false where it is there already.
    private func make(_ path: String) throws -> Bool {
        do {
            try folders.make(path)
            return true
        } catch {
            if error.errno == EEXIST { return false }
            throw failure("linux.intelRdt: make group \(path)", error)
        }
    }

    private func requireFolder(_ path: String) throws -> Bool {
        guard access("\(path)/tasks", F_OK) == 0 else {
            throw RuntimeError(
                .notFound, "linux.intelRdt.closID: there is no group \(path), and no schema to make one with")
        }
        return false
    }

    /// A class that others have set up must be what the configuration takes it for.
    private func compare(_ settings: ResctrlSettings, with path: String) throws {
        let there = try readText("\(path)/schemata").split(separator: "\n").compactMap { ResctrlSchema($0) }
        for (field, line) in [("l3CacheSchema", settings.l3CacheSchema), ("memBwSchema", settings.memBwSchema)] {
            guard let line, !line.isEmpty else { continue }
            guard let wanted = ResctrlSchema(line[...]) else {
                throw RuntimeError(
                    .invalidArgument, "linux.intelRdt.\(field): \"\(line)\" is no schema such as L3:0=f;1=f")
            }
            guard there.contains(where: wanted.isPart) else {
                throw RuntimeError(
                    .invalidState, "linux.intelRdt.\(field): \"\(line)\" is not what group \(path) has in its schemata")
            }
        }
    }

    private func write(_ lines: [String], to path: String) throws {
        if lines.isEmpty { return }
        do throws(SystemCallError) {
            try writeText(lines.map { "\($0)\n" }.joined(), to: "\(path)/schemata")
        } catch {
            throw failure("linux.intelRdt: set schemata of group \(path)", error)
        }
    }

    /// An error with what the kernel says of the last command, where it says anything.
    private func failure(_ what: String, _ error: SystemCallError) -> RuntimeError {
        let status = (try? readText("\(mountPoint)/info/last_cmd_status")) ?? "ok"
        return RuntimeError(error.runtimeCode, status == "ok" ? what : "\(what) (\(status))", cause: error)
    }
}
