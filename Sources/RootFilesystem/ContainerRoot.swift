internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// The container's root being put together, in the mount namespace of the process that will live in it.
///
/// Every name is resolved beneath the root's descriptor, every mount goes onto a descriptor: nothing that the image
/// holds, and nothing that another container swaps meanwhile, leads a mount or a node elsewhere.
public struct ContainerRoot: ~Copyable {
    /// The root, for lookups in it.
    public let directory: RootDirectory

    private init(directory: consuming RootDirectory) {
        self.directory = directory
    }

    /// Attaches the prepared root onto the working directory, which becomes the root.
    ///
    /// The caller is the only thread of a process with its own mount namespace whose mounts are not shared, and its
    /// working directory is the host's root file system folder of the container.
    public static func attach(_ root: PreparedRoot) throws -> ContainerRoot {
        try root.tree.attachToWorkingDirectory()
        let raw = root.tree.descriptor.rawValue
        try check("fchdir", root.path) { fchdir(raw) }
        return ContainerRoot(directory: RootDirectory(try root.tree.descriptor.duplicate(), shown: "rootfs"))
    }

    /// Performs one mount; see ``mountCgroup(hierarchies:options:)`` for type `cgroup`.
    public borrowing func mount(_ mount: PreparedMount) throws {
        try attempt("mount \(mount.type.isEmpty ? mount.source : mount.type) at \(mount.destination)") {
            if mount.tree != nil { try bind(mount) } else { try mountFileSystem(mount) }
        }
    }

    private borrowing func bind(_ mount: PreparedMount) throws {
        let target =
            mount.sourceIsDirectory
            ? try directory.openMakingDirectories(mount.destination)
            : try directory.openMakingFile(mount.destination)
        let options = mount.options
        try mount.tree?.apply(options, defaultPropagation: .private)
        try mount.tree?.attach(to: target, shown: mount.destination)
    }

    private borrowing func mountFileSystem(_ mount: PreparedMount) throws {
        let target = try openMountTarget(mount)
        if mount.type == "overlay" || mount.options.data.contains(where: { ($0.value?.utf8.count ?? 0) > 255 }) {
            return try mountWithLongOptions(mount, target)
        }
        let context = try FileSystemContext(mount.type)
        try context.set("source", mount.source)
        for parameter in mount.options.data { try context.set(parameter.key, parameter.value) }
        let made = try context.mount(mount.options.copiesUp ? [] : mount.options.set)
        if mount.options.copiesUp && mount.type == "tmpfs" {
            try copyTree(from: target, to: made.descriptor, shown: mount.destination)
            try made.setAttributes(set: mount.options.set)
        }
        if let propagation = mount.options.propagation { try made.setAttributes(propagation: propagation) }
        try made.attach(to: target, shown: mount.destination)
    }

    /// /proc and /sys must be folders of the image's own, not links: what is written below them decides the
    /// container's labels and limits.
    private borrowing func openMountTarget(_ mount: PreparedMount) throws -> Descriptor {
        guard mount.type == "proc" || mount.type == "sysfs" else {
            return try directory.openMakingDirectories(mount.destination)
        }
        _ = try directory.openMakingDirectories(mount.destination)
        return try directory.open(
            mount.destination, CL_O_PATH | O_DIRECTORY | O_NOFOLLOW, resolve: CL_RESOLVE_NO_SYMLINKS)
    }

    /// mount(2), for option strings that fsconfig(2) does not take (values over 255 bytes).
    private borrowing func mountWithLongOptions(_ mount: PreparedMount, _ target: borrowing Descriptor) throws {
        let data = mount.options.data.map { parameter in
            parameter.value.map { "\(parameter.key)=\($0)" } ?? parameter.key
        }.joined(separator: ",")
        let path = "/proc/self/fd/\(target.rawValue)"
        try check("mount", mount.type) { cl_mount(mount.source, path, mount.type, 0, data) }
        try MountTree(directory.open(mount.destination, CL_O_PATH), shown: mount.destination)
            .apply(mount.options, defaultPropagation: nil)
    }

    /// Makes the whole root read-only, keeping its other attributes.
    public borrowing func makeReadOnly() throws {
        let raw = directory.descriptor.rawValue
        try check("mount_setattr", "rootfs read-only") {
            cl_mount_setattr(raw, "", CL_AT_EMPTY_PATH, CL_MOUNT_ATTR_RDONLY, 0, 0, -1)
        }
    }

    /// Makes this root the root of the mount namespace and drops the host's from it (pivot_root(2)).
    public borrowing func pivot() throws {
        let raw = directory.descriptor.rawValue
        try check("fchdir", "rootfs") { fchdir(raw) }
        try check("pivot_root", "rootfs") { cl_pivot_root(".", ".") }
        // The old root now lies over the new one at "."; take it off, slave first so that nothing is unmounted outside.
        try check("mount", "old root rslave") { cl_mount(nil, ".", nil, UInt(CL_MS_SLAVE | CL_MS_REC), nil) }
        try check("umount2", "old root") { cl_umount2(".", CL_MNT_DETACH) }
        try check("chdir", "/") { chdir("/") }
    }
}

extension MountTree {
    /// Applies a mount's attributes and propagation to this mount, as its options ask.
    borrowing func apply(_ options: MountOptions, defaultPropagation: MountPropagation?) throws {
        if !options.recursiveSet.isEmpty || !options.recursiveClear.isEmpty {
            try setAttributes(set: options.recursiveSet, clear: options.recursiveClear, recursive: true)
        }
        if !options.set.isEmpty || !options.clear.isEmpty {
            try setAttributes(set: options.set, clear: options.clear)
        }
        if let propagation = options.propagation {
            try setAttributes(propagation: propagation, recursive: options.propagationIsRecursive)
        } else if let defaultPropagation {
            try setAttributes(propagation: defaultPropagation, recursive: true)
        }
    }
}
