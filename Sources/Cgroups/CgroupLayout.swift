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
        /// The cgroup that the mount shows as its top; `/` outside containers.
        public var root: String

        /// A hierarchy.
        public init(controllers: [String], mountPoint: String, root: String = "/") {
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

    /// Looks at this host: one statfs where /sys/fs/cgroup is v2, /proc/self/mountinfo otherwise.
    ///
    /// - Throws: ``RuntimeError`` `unsupported` where no cgroup hierarchy is mounted.
    public static func detect() throws -> CgroupLayout {
        let top = "/sys/fs/cgroup"
        if let folder = try? Descriptor.open(top, CL_O_PATH | O_DIRECTORY) {
            var type = 0
            var flags = 0
            try check("fstatfs", top) { cl_fstatfs(folder.rawValue, &type, &flags) }
            if type == CL_CGROUP2_SUPER_MAGIC {
                return CgroupLayout(
                    hierarchies: [], unified: Hierarchy(controllers: [], mountPoint: top))
            }
        }
        let layout = CgroupLayout(mountinfo: try readFile("/proc/self/mountinfo"))
        if layout.hierarchies.isEmpty && layout.unified == nil {
            throw RuntimeError(.unsupported, "no cgroup hierarchy is mounted, see cgroups(7)")
        }
        return layout
    }

    /// The hierarchy that has a v1 controller.
    public func hierarchy(of controller: String) -> Hierarchy? {
        hierarchies.first { $0.controllers.contains(controller) }
    }
}
