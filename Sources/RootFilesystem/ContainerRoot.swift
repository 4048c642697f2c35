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
    /// The procfs and sysfs mounts made so far.
    let kernel = KernelMounts()

    private init(directory: consuming RootDirectory) {
        self.directory = directory
    }

    /// Attaches the prepared root onto the working directory, which becomes the root.
    ///
    /// The caller is the only thread of a process with its own mount namespace whose mounts are not shared, and its
    /// working directory is the host's root file system folder of the container.
    public static func attach(_ root: PreparedRoot) throws -> ContainerRoot {
        let descriptor = try root.opened { (tree) throws -> Descriptor in
            try tree.attachToWorkingDirectory()
            let raw = tree.descriptor.rawValue
            try check("fchdir", root.path) { fchdir(raw) }
            return try tree.descriptor.duplicate()
        }
        return ContainerRoot(directory: RootDirectory(descriptor, shown: "rootfs"))
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
        // The old root now lies over the new one at "."; its mounts have been slaves or private from the start, so that
        // taking it off unmounts nothing outside.
        try check("umount2", "old root") { cl_umount2(".", CL_MNT_DETACH) }
        try check("chdir", "/") { chdir("/") }
    }
}
