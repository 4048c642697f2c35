internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// Everything a new process needs to enter a cgroup cheaply: see ``Cgroup`` for the figures.
///
/// Made by the parent before clone; ``cloneDescriptor`` goes to clone3, and the child calls ``enter()`` before
/// it changes its root, its user or its namespaces of cgroups. Only for single-threaded programs.
public struct CgroupEntry: Sendable {
    /// The v2 folder for clone3's CLONE_INTO_CGROUP; -1 where there is none.
    public var cloneDescriptor: Int32 { unified?.rawValue ?? -1 }
    private let unified: SharedDescriptor?
    private let tasks: [(file: SharedDescriptor, path: String)]

    init(unified: SharedDescriptor?, tasks: [(file: SharedDescriptor, path: String)]) {
        self.unified = unified
        self.tasks = tasks
    }

    /// The v1 `tasks` files, open for writing: for a child that is C code and writes the byte `0` to each.
    public var taskDescriptors: [Int32] { tasks.map { $0.file.rawValue } }

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
    public func openEntry() throws -> CgroupEntry {
        try attempt("enter cgroup \(shown)") {
            var tasks: [(file: SharedDescriptor, path: String)] = []
            for folder in folders where !folder.controllers.isEmpty {
                let path = "\(folder.path)/tasks"
                tasks.append((SharedDescriptor(try Descriptor.open(path, O_WRONLY)), path))
            }
            guard let path = unifiedFolder?.path else { return CgroupEntry(unified: nil, tasks: tasks) }
            return CgroupEntry(
                unified: SharedDescriptor(try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)), tasks: tasks)
        }
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
