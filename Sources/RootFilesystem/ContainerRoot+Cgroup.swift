internal import CLinux
internal import Glibc
internal import Linux
internal import Support

extension ContainerRoot {
    /// Mounts the container's view of its cgroups (type `cgroup` or `cgroup2`).
    ///
    /// On a pure v2 host this is one cgroup2 mount. On v1 it is a tmpfs with a mount of each hierarchy below it, as the
    /// host has them. In a cgroup namespace other than the host's the container sees the namespace's root as the root of
    /// each; without one its own folder of each hierarchy is bound there.
    /// - Parameter privateView: the process has entered a cgroup namespace, made for it or joined.
    public borrowing func mountCgroup(_ mount: PreparedMount, privateView: Bool) throws {
        try attempt("mount cgroup at \(mount.destination)") {
            let target = try directory.openMakingDirectories(mount.destination)
            let hierarchies = try CgroupHierarchy.ofThisProcess()
            if hierarchies.contains(where: { $0.name.isEmpty && $0.mountPoint == "/sys/fs/cgroup" })
                || mount.type == "cgroup2"
            {
                guard let unified = hierarchies.first(where: { $0.name.isEmpty }) else {
                    throw RuntimeError(.unsupported, "this host has no cgroup v2")
                }
                return try mountHierarchy(unified, onto: target, mount, privateView)
            }
            let context = try FileSystemContext("tmpfs")
            try context.set("mode", "755")
            let folder = try context.mount(mount.options.set.subtracting(.readOnly))
            try folder.attach(to: target, shown: mount.destination)
            for hierarchy in hierarchies where !hierarchy.name.isEmpty {
                try mountV1(hierarchy, in: folder.descriptor, mount, privateView)
            }
            if mount.options.set.contains(.readOnly) { try folder.setAttributes(set: .readOnly) }
        }
    }

    private borrowing func mountV1(
        _ hierarchy: CgroupHierarchy, in folder: borrowing Descriptor, _ mount: PreparedMount, _ privateView: Bool
    ) throws {
        let (raw, name) = (folder.rawValue, hierarchy.folderName)
        try check("mkdirat", name) { mkdirat(raw, name, 0o755) }
        let target = Descriptor(
            owning: try check("openat", name) { openat(raw, name, CL_O_PATH | O_DIRECTORY | O_CLOEXEC) })
        try mountHierarchy(hierarchy, onto: target, mount, privateView)
        for controller in hierarchy.name.split(separator: ",") where hierarchy.name.contains(",") {
            // cpu,cpuacct is known under each name too.
            try check("symlinkat", String(controller)) { symlinkat(name, raw, String(controller)) }
        }
    }

    private borrowing func mountHierarchy(
        _ hierarchy: CgroupHierarchy, onto target: borrowing Descriptor, _ mount: PreparedMount, _ privateView: Bool
    ) throws {
        let attributes = mount.options.set
        if !privateView {
            let tree = try MountTree.copy(of: hierarchy.mountPoint + hierarchy.path, recursive: false)
            try tree.setAttributes(set: attributes, propagation: .private)
            return try tree.attach(to: target, shown: mount.destination)
        }
        let context = try FileSystemContext(hierarchy.name.isEmpty ? "cgroup2" : "cgroup")
        for option in hierarchy.name.split(separator: ",") {
            let parts = option.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { try context.set("none") }
            try context.set(String(parts[0]), parts.count == 2 ? String(parts[1]) : nil)
        }
        try context.mount(attributes).attach(to: target, shown: mount.destination)
    }
}

/// A mounted cgroup hierarchy and where the calling process is in it.
struct CgroupHierarchy {
    /// The controllers with commas, `name=systemd` for one without, empty for v2 (as in /proc/PID/cgroup).
    let name: String
    /// The process's cgroup in it, from `/`.
    let path: String
    /// Where the host has it.
    let mountPoint: String

    /// The folder's name below /sys/fs/cgroup.
    var folderName: String {
        name.hasPrefix("name=") ? String(name.dropFirst(5)) : name
    }

    /// The mounted hierarchies, in /proc/self/cgroup's order; a v1 hierarchy that is mounted nowhere is left out.
    static func ofThisProcess() throws -> [CgroupHierarchy] {
        let mounts = try mountPoints()
        return try readText("/proc/self/cgroup").split(onByte: "\n").compactMap { line in
            let fields = line.split(onByte: ":", maxSplits: 2)
            guard fields.count == 3, let mount = mounts.first(where: { $0.name == fields[1] }) else { return nil }
            return CgroupHierarchy(
                name: mount.name, path: fields[2] == "/" ? "" : String(fields[2]), mountPoint: mount.point)
        }
    }

    /// Hierarchies' names and mount points below /sys/fs/cgroup; the first of a name is the one that counts.
    private static func mountPoints() throws -> [(name: String, point: String)] {
        let known: [Substring] = [
            "rw", "ro", "relatime", "nosuid", "nodev", "noexec", "noatime", "xattr", "clone_children", "noprefix",
        ]
        var points: [(name: String, point: String)] = []
        for line in try readText("/proc/self/mounts").split(onByte: "\n") {
            let fields = line.split(onByte: " ")
            guard fields.count > 3, fields[1].hasPrefix("/sys/fs/cgroup") else { continue }
            if fields[2] == "cgroup2" {
                points.append(("", String(fields[1])))
            } else if fields[2] == "cgroup" {
                let name = fields[3].split(onByte: ",")
                    .filter { !known.contains($0) && !$0.hasPrefix("release_agent=") }.joined(separator: ",")
                points.append((name, String(fields[1])))
            }
        }
        return points
    }
}
