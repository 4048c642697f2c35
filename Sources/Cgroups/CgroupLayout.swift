internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// Where this host's cgroup hierarchies are mounted: v1, pure v2, or v1 with an almost empty v2 beside it (hybrid).
public struct CgroupLayout: Sendable, Equatable {
    /// One mounted hierarchy.
    public struct Hierarchy: Sendable, Equatable {
        /// v1: the controllers mounted together, such as `["cpu", "cpuacct"]` or `["name=systemd"]`. v2: empty.
        public var controllers: [String]
        /// The folder it is mounted on.
        public var mountPoint: String
        /// The cgroup that the mount shows as its top, `/` outside containers; nil where nobody has looked.
        public var root: String?

        /// A hierarchy.
        public init(controllers: [String], mountPoint: String, root: String? = nil) {
            self.controllers = controllers
            self.mountPoint = mountPoint
            self.root = root
        }
    }

    /// The v1 hierarchies, in the order of their mounts; empty on pure v2.
    public var hierarchies: [Hierarchy]
    /// The v2 hierarchy: the only one on pure v2, the extra one in the hybrid layout.
    public var unified: Hierarchy?

    /// Whether v2 is all there is.
    public var isUnified: Bool { hierarchies.isEmpty && unified != nil }

    /// A layout known from elsewhere.
    public init(hierarchies: [Hierarchy], unified: Hierarchy?) {
        self.hierarchies = hierarchies
        self.unified = unified
    }

    /// Looks at this host: one statfs where /sys/fs/cgroup is v2; otherwise /proc/self/cgroup and the customary mount
    /// points, or /proc/self/mountinfo (which costs more the more mounts there are) where one of them isn't right.
    ///
    /// - Throws: ``RuntimeError`` `unsupported` where no cgroup hierarchy is mounted.
    public static func detect() throws -> CgroupLayout {
        if fileSystem("/sys/fs/cgroup") == CL_CGROUP2_SUPER_MAGIC {
            return CgroupLayout(hierarchies: [], unified: Hierarchy(controllers: [], mountPoint: "/sys/fs/cgroup"))
        }
        if let customary = customary() { return customary }
        return try detectByMounts()
    }

    /// Looks at this host by its mounts, with their roots.
    static func detectByMounts() throws -> CgroupLayout {
        let layout = CgroupLayout(mountinfo: try readFile("/proc/self/mountinfo"))
        if layout.hierarchies.isEmpty && layout.unified == nil {
            throw RuntimeError(.unsupported, "no cgroup hierarchy is mounted, see cgroups(7)")
        }
        return layout
    }

    /// The layout of systemd and its likes: each hierarchy in a folder named by its controllers.
    private static func customary() -> CgroupLayout? {
        guard let text = try? readSmall("/proc/self/cgroup") else { return nil }
        var layout = CgroupLayout(hierarchies: [], unified: nil)
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            let controllers = String(Substring(fields[1]))
            if controllers.isEmpty {
                let point = "/sys/fs/cgroup/unified"
                guard fileSystem(point) == CL_CGROUP2_SUPER_MAGIC else { continue }
                layout.unified = Hierarchy(controllers: [], mountPoint: point)
            } else {
                let name = controllers.hasPrefix("name=") ? String(controllers.dropFirst(5)) : controllers
                guard fileSystem("/sys/fs/cgroup/\(name)") == CL_CGROUP_SUPER_MAGIC else { return nil }
                layout.hierarchies.append(
                    Hierarchy(
                        controllers: controllers.split(separator: ",").map(String.init),
                        mountPoint: "/sys/fs/cgroup/\(name)"))
            }
        }
        return layout.hierarchies.isEmpty ? nil : layout
    }

    /// The type of the file system at a path (statfs(2)); 0 where nothing is there.
    private static func fileSystem(_ path: String) -> Int {
        var type = 0
        var flags = 0
        return cl_statfs(path, &type, &flags) == 0 ? type : 0
    }

    /// The hierarchy that has a v1 controller.
    public func hierarchy(of controller: String) -> Hierarchy? {
        hierarchies.first { $0.controllers.contains(controller) }
    }
}
