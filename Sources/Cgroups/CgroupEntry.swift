internal import CLinux
internal import Glibc
public import Linux
public import Support

/// Everything a new process needs to enter a cgroup cheaply: see ``Cgroup`` for the figures.
///
/// Made by the parent before clone; ``cloneDescriptor`` goes to clone3, and the child calls ``enter()`` before
/// it changes its root, its user or its namespaces of cgroups. Only for single-threaded programs.
public struct CgroupEntry: Sendable {
    /// The v2 folder for clone3's CLONE_INTO_CGROUP; -1 where there is none.
    public var cloneDescriptor: Int32 { unified?.rawValue ?? -1 }
    /// Puts a process that is there, by its pid, where none can be born: what the caller may not do itself, such as moving its
    /// processes out of a login session, a service does. Nil where ``cloneDescriptor`` and ``enter()`` are all it takes.
    public var placement: (@Sendable (Int32) throws -> Void)?
    /// The v2 folder's path; nil where there is none.
    public let unifiedPath: String?
    private let unified: SharedDescriptor?
    private var tasks: [(file: SharedDescriptor, path: String)]

    init(
        unified: SharedDescriptor?, unifiedPath: String? = nil, tasks: [(file: SharedDescriptor, path: String)]
    ) {
        self.unified = unified
        self.unifiedPath = unifiedPath
        self.tasks = tasks
    }

    /// The v1 `tasks` files, open for writing: for a child that is C code and writes the byte `0` to each.
    public var taskDescriptors: [Int32] { tasks.map { $0.file.rawValue } }

    /// This entry, and those of groups of another kind whose files take a `0` as v1's `tasks` do: resctrl's.
    public func joining(_ files: [String]) throws -> CgroupEntry {
        var entry = self
        for path in files {
            let file = try Descriptor.open(path, O_WRONLY)
            entry.tasks.append((SharedDescriptor(file), path))
        }
        return entry
    }

    /// This entry for processes that are placed where they belong instead of being born there.
    public func placed(by placement: @escaping @Sendable (Int32) throws -> Void) -> CgroupEntry {
        var entry = CgroupEntry(unified: nil, unifiedPath: unifiedPath, tasks: tasks)
        entry.placement = placement
        return entry
    }

    /// Moves the calling process, which must have one thread, into every v1 folder. v2 is clone3's part.
    public func enter() throws(SystemCallError) {
        for task in tasks {
            let raw = task.file.rawValue
            try checkCount("write", task.path) { write(raw, "0", 1) }
        }
    }
}

extension Cgroup {
    /// Opens what a new process enters this group by.
    ///
    /// On v2 a group that has handed controllers to children takes no process (the kernel's cgroup-v2.rst, "No Internal
    /// Process Constraint"): the new one then goes to where `companion` is.
    /// - Parameter companion: a process of this group or of one below it; nil where the group is new.
    public func openEntry(beside companion: Int32? = nil) throws -> CgroupEntry {
        try attempt("enter cgroup \(shown)") {
            var tasks: [(file: SharedDescriptor, path: String)] = []
            for folder in folders where !folder.controllers.isEmpty {
                let path = "\(folder.path)/tasks"
                tasks.append((SharedDescriptor(try Descriptor.open(path, O_WRONLY)), path))
            }
            guard var path = unifiedFolder?.path else { return CgroupEntry(unified: nil, tasks: tasks) }
            if let companion, isUnified, try !readText("\(path)/cgroup.subtree_control").isEmpty {
                path = try Self.unifiedFolder(of: companion, below: path)
            }
            return CgroupEntry(
                unified: SharedDescriptor(try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)), unifiedPath: path,
                tasks: tasks)
        }
    }

    /// Whether this process may have children born in a v2 folder: who moves processes must be able to write to
    /// the nearest group above both places (the kernel's cgroup-v2.rst, "Delegation Containment").
    public static func mayMoveOwnProcesses(to folder: String) throws -> Bool {
        guard let unified = try CgroupLayout.detect().unified else { return false }
        let own = CgroupLayout.membership(try readText("/proc/self/cgroup"))[""] ?? "/"
        let here = "\(unified.mountPoint)\(own)".split(separator: "/")
        let common = zip(here, folder.split(separator: "/")).prefix { $0.0 == $0.1 }.map { "/\($0.0)" }.joined()
        return access("\(common)/cgroup.procs", W_OK) == 0
    }

    /// The v2 folder that a process is in, which must be `folder` or below it.
    private static func unifiedFolder(of pid: Int32, below folder: String) throws -> String {
        let own = CgroupLayout.membership(try readText("/proc/\(pid)/cgroup"))[""] ?? ""
        // The process's path starts at the hierarchy's top, the folder's at the machine's.
        let steps = folder.split(separator: "/")
        for count in stride(from: steps.count, to: 0, by: -1) {
            let tail = "/" + steps.suffix(count).joined(separator: "/")
            if own == tail || own.hasPrefix("\(tail)/") { return folder + own.dropFirst(tail.count) }
        }
        throw RuntimeError(.invalidState, "process \(pid) has left the container's cgroup for \(own)")
    }

    /// The group below this one that `exec --cgroup` means: `PATH`, or `CONTROLLER[,CONTROLLER]:PATH` for some of v1's
    /// hierarchies. The folders must be there.
    public func below(_ words: [String]) throws(RuntimeError) -> Cgroup {
        var folders = folders
        for word in words {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            guard let path = parts.last, parts.count <= 2, parts.count == 2 || words.count == 1 else {
                throw RuntimeError(.invalidArgument, "invalid --cgroup argument: \(word)")
            }
            let steps = path.split(separator: "/").filter { $0 != "." }
            guard !steps.contains("..") else {
                throw RuntimeError(.invalidArgument, "bad sub cgroup path: \(path) is not a sub cgroup path")
            }
            let below = steps.map { "/\($0)" }.joined()
            let controllers = parts.count == 2 ? parts[0].split(separator: ",").map(String.init) : []
            for controller in controllers where !folders.contains(where: { $0.controllers.contains(controller) }) {
                throw RuntimeError(.invalidArgument, "unknown controller \(controller) in --cgroup")
            }
            for index in folders.indices
            where controllers.isEmpty || !folders[index].controllers.allSatisfy({ !controllers.contains($0) }) {
                folders[index].path += below
            }
        }
        return Cgroup(folders: folders)
    }

    /// Moves a process of whatever program, with all its threads, into the group.
    ///
    /// Costs an RCU grace period or more: the folders are written without anything in between, so that it is
    /// one. Where the process is ours, use ``openEntry()``.
    public func addProcess(_ pid: Int32) throws {
        try attempt("move process \(pid) into cgroup \(shown)") {
            for folder in folders { try writeText("\(pid)", to: "\(folder.path)/cgroup.procs") }
        }
    }
}
