internal import Glibc
internal import Linux
internal import Support

/// A container's cgroup: one folder on pure v2, one folder in each hierarchy on v1.
///
/// The order of use: ``create(path:layout:)``, ``apply(_:)``, then the process enters. How it enters decides what it
/// costs. Writing a pid to `cgroup.procs` takes the kernel's threadgroup lock for writing, which waits for an RCU
/// grace period (4 to 20 ms measured on 6.18; the writes to the other hierarchies that follow at once are cheap,
/// those some 20 ms later wait again). A single-threaded process that writes `0` to v1's `tasks` takes no such lock: 6 to
/// 10 µs a hierarchy, and clone3 with CLONE_INTO_CGROUP takes none on v2. So prefer ``openEntry()``, whose value the
/// child uses between clone and exec, to ``addProcess(_:)``, which is for processes of others.
public struct Cgroup: Sendable, Equatable {
    /// The folder in one hierarchy.
    public struct Folder: Sendable, Equatable {
        /// v1: the hierarchy's controllers. v2: empty.
        public var controllers: [String]
        /// The folder's path on the host.
        public var path: String

        /// A folder.
        public init(controllers: [String], path: String) {
            self.controllers = controllers
            self.path = path
        }
    }

    /// The folders: what a state record keeps, to make the value again by ``init(folders:)``.
    public let folders: [Folder]

    /// The group that a state record names; nothing is touched.
    public init(folders: [Folder]) {
        self.folders = folders
    }

    /// Whether v2 is all there is.
    public var isUnified: Bool { folders.count == 1 && folders[0].controllers.isEmpty }

    /// Names the group that `linux.cgroupsPath` means; nothing is touched.
    ///
    /// As in runc: an absolute path starts at the top of each mounted hierarchy; a relative one at the cgroup that
    /// this process is in, on v2 at that one's parent, because a v2 group with processes can't hand controllers to
    /// children. nil is `/hako-ID`.
    ///
    /// - Throws: ``RuntimeError`` `invalidArgument` for a path with `..` or one that names the hierarchy's top.
    public init(path: String?, id: String, layout: CgroupLayout) throws {
        let wanted = path.flatMap { $0.isEmpty ? nil : $0 } ?? "/hako-\(id)"
        let steps = wanted.pathSteps
        guard !steps.isEmpty, !steps.contains(".."), !wanted.utf8.contains(10), !wanted.utf8.contains(0) else {
            throw RuntimeError(.invalidArgument, "linux.cgroupsPath: \"\(wanted)\" is no path of a cgroup")
        }
        let below = String(pathSteps: steps)
        let own = wanted.hasPrefix("/") ? nil : CgroupLayout.membership(try readText("/proc/self/cgroup"))
        var layout = layout
        if own != nil, (layout.hierarchies + [layout.unified].compactMap(\.self)).contains(where: { $0.root == nil }) {
            layout = try .detectByMounts()
        }
        var folders = layout.hierarchies.map { hierarchy in
            let start = own.map { Self.own($0, hierarchy) } ?? ""
            return Folder(controllers: hierarchy.controllers, path: "\(hierarchy.mountPoint)\(start)/\(below)")
        }
        if let unified = layout.unified {
            var start = own.map { Self.own($0, unified) } ?? ""
            if layout.isUnified, !start.isEmpty { start = parentPath(start) == "/" ? "" : parentPath(start) }
            folders.append(Folder(controllers: [], path: "\(unified.mountPoint)\(start)/\(below)"))
        }
        self.folders = folders
    }

    /// This process's group in a hierarchy, as a path below the mount point; "" for its top.
    private static func own(_ membership: [String: String], _ hierarchy: CgroupLayout.Hierarchy) -> String {
        guard let path = membership[hierarchy.controllers.joined(separator: ",")], path != "/" else { return "" }
        guard let root = hierarchy.root, root != "/" else { return path }
        // A mount that starts at an inner group: paths outside of it can't be named through it.
        return path == root || path.hasPrefix("\(root)/") ? String(path.dropFirst(root.count)) : ""
    }

    /// The folder that has a controller: on v2 the only one.
    func folder(of controller: String) -> Folder? {
        if isUnified { return folders.first }
        return folders.first { $0.controllers.contains(controller) }
    }

    /// The v2 folder: the only one on pure v2, the extra one in the hybrid layout.
    public var unifiedFolder: Folder? { folders.first { $0.controllers.isEmpty } }

    /// The name for messages.
    var shown: String { folders.first?.path ?? "?" }
}
