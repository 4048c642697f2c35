internal import CLinux
internal import Glibc
internal import Linux
internal import Support

extension ContainerRoot {
    /// Hides paths (`linux.maskedPaths`): files behind /dev/null, folders behind an empty read-only tmpfs. What is
    /// not there is passed over.
    ///
    /// /dev/null is the container's own; that it is character device 1:3 is checked on the descriptor that is bound.
    ///
    /// - Parameter label: the SELinux context of the tmpfs.
    public borrowing func mask(_ paths: [String], label: String? = nil) throws {
        var emptyFolder: SharedDescriptor?
        var null: SharedDescriptor?
        var done: Set<String> = []
        for path in paths where done.insert(path).inserted {
            guard let target = try openIfPresent(path) else { continue }
            try attempt("mask \(path)") {
                if try isDirectory(target) {
                    try coverFolder(target, path, label, &emptyFolder)
                } else {
                    let source = try null ?? SharedDescriptor(openNull())
                    null = source
                    try MountTree.copy(of: source, shown: "/dev/null").attach(to: target, shown: path)
                }
            }
        }
    }

    /// The first folder gets a tmpfs, the others copies of that mount.
    private borrowing func coverFolder(
        _ target: borrowing Descriptor, _ path: String, _ label: String?, _ template: inout SharedDescriptor?
    ) throws {
        if let template { return try MountTree.copy(of: template, shown: "mask").attach(to: target, shown: path) }
        let context = try FileSystemContext("tmpfs")
        try context.set("mode", "0755")
        if let label { try context.set("context", label) }
        let made = try context.mount([.readOnly, .noDevices, .noSuid, .noExecution])
        try made.attach(to: target, shown: path)
        template = SharedDescriptor(try made.descriptor.duplicate())
    }

    /// Makes what is mounted at a path read-only, without the mounts below it.
    public borrowing func makeReadOnly(mountAt path: String) throws {
        let target = try directory.open(path, CL_O_PATH | O_DIRECTORY)
        try MountTree(target, shown: path).setAttributes(set: .readOnly)
    }

    /// Makes paths read-only (`linux.readonlyPaths`), with all mounts below them; what is not there is passed over.
    public borrowing func makeReadOnly(_ paths: [String]) throws {
        for path in paths {
            guard let target = try openIfPresent(path) else { continue }
            try attempt("make \(path) read-only") {
                let copy = try MountTree.copy(of: target, shown: path, recursive: true)
                try copy.setAttributes(set: .readOnly, recursive: true)
                try copy.attach(to: target, shown: path)
            }
        }
    }

    /// Gives the root of a mount an SELinux context, where the file system takes none as a mount option (mqueue).
    public borrowing func label(_ path: String, _ label: String) throws {
        let target = try directory.open(path, O_RDONLY | O_DIRECTORY)
        let raw = target.rawValue
        try check("fsetxattr", "\(path) security.selinux \(label)") {
            cl_fsetxattr(raw, "security.selinux", label, label.utf8.count + 1)
        }
    }

    private borrowing func openNull() throws -> Descriptor {
        let null = try directory.open("/dev/null", CL_O_PATH | O_NOFOLLOW)
        var status = stat()
        try check("fstat", "/dev/null") { fstat(null.rawValue, &status) }
        guard status.st_mode & S_IFMT == S_IFCHR, cl_major(status.st_rdev) == 1, cl_minor(status.st_rdev) == 3 else {
            throw RuntimeError(.permissionDenied, "the container's /dev/null is not character device 1:3")
        }
        return null
    }

    private borrowing func isDirectory(_ descriptor: borrowing Descriptor) throws -> Bool {
        var status = stat()
        let raw = descriptor.rawValue
        try check("fstat") { fstat(raw, &status) }
        return status.st_mode & S_IFMT == S_IFDIR
    }
}
