internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// One overlay mount (Documentation/filesystems/overlayfs.rst of the kernel).
struct OverlayMount {
    /// Folders of the lower layers, the uppermost first; at least two where there is no upper.
    let lowers: [String]
    /// The writable folder; nil for a read-only mount.
    let upper: String?
    /// overlayfs's own folder on the same file system as `upper`.
    let work: String?
    /// Whether nothing is brought to the disk before the caller does it: neither fsync(2) nor the unmount does then.
    var isVolatile = false

    /// Attaches it to an open folder.
    ///
    /// fsconfig(2)'s `lowerdir+` takes the layers one by one (Linux 6.5); an older kernel gets the list in one
    /// string of mount(2), whose page has room for 128 layers only because each goes by its descriptor.
    func attach(to target: borrowing Descriptor, _ shown: String, byDescriptor: Bool) throws {
        if byDescriptor, let context = try configure() {
            return try attach(context, to: target, shown)
        }
        try mountByString(target, shown)
    }

    /// Makes the mount and lets it go again, attached to nothing, to see whether it can be.
    func probe() throws {
        guard let context = try configure() else {
            // Before Linux 6.5 there is no mount without a place: the file systems that the kernel has must do.
            guard try readText("/proc/filesystems").contains("\toverlay\n") else {
                throw RuntimeError(.unsupported, "the kernel has no overlayfs")
            }
            return
        }
        _ = try make(context)
    }

    /// A configured file system context; nil where the kernel does not know `lowerdir+`.
    private func configure() throws -> Descriptor? {
        let opened = cl_fsopen("overlay", 0)
        if opened < 0 && errno == ENOSYS { return nil }
        if opened < 0 && errno == ENODEV { throw RuntimeError(.unsupported, "the kernel has no overlayfs") }
        guard opened >= 0 else { throw SystemCallError("fsopen", errno: errno, subject: "overlay") }
        let context = Descriptor(owning: opened)
        _ = try set(context, "source", "overlay")
        // Layers are shared, copied and diffed: no marks that tie an upper to one place. Older kernels lack some.
        for option in ["index", "metacopy", "redirect_dir"] {
            _ = cl_fsconfig(opened, CL_FSCONFIG_SET_STRING, option, "off", 0)
        }
        if geteuid() != 0 { _ = cl_fsconfig(opened, CL_FSCONFIG_SET_FLAG, "userxattr", nil, 0) }
        if isVolatile { _ = cl_fsconfig(opened, CL_FSCONFIG_SET_FLAG, "volatile", nil, 0) }
        for (index, lower) in lowers.enumerated() {
            if try !setFolder(context, "lowerdir+", lower) {
                if index == 0 { return nil }
                throw failure(context, EINVAL, "lowerdir \(lower)")
            }
        }
        if let upper, let work {
            guard try setFolder(context, "upperdir", upper), try setFolder(context, "workdir", work) else {
                throw failure(context, EINVAL, "upperdir \(upper)")
            }
        }
        return context
    }

    private func attach(
        _ context: borrowing Descriptor, to target: borrowing Descriptor, _ shown: String
    ) throws {
        try moveMount(try make(context), to: target, shown)
    }

    /// The mount of a context, attached to nothing yet.
    private func make(_ context: borrowing Descriptor) throws -> Descriptor {
        let raw = context.rawValue
        guard cl_fsconfig(raw, CL_FSCONFIG_CMD_CREATE, nil, nil, 0) == 0 else {
            throw failure(context, errno, "overlay")
        }
        let attributes = UInt32(upper == nil ? CL_MOUNT_ATTR_RDONLY : 0)
        let mount = cl_fsmount(raw, 0, attributes)
        guard mount >= 0 else { throw failure(context, errno, "overlay") }
        return Descriptor(owning: mount)
    }

    /// False where the option is unknown or its value refused (EINVAL).
    private func set(_ context: borrowing Descriptor, _ key: String, _ value: String) throws -> Bool {
        let raw = context.rawValue
        if cl_fsconfig(raw, CL_FSCONFIG_SET_STRING, key, value, 0) == 0 { return true }
        if errno == EINVAL { return false }
        throw failure(context, errno, "\(key) \(value)")
    }

    /// Names a folder by its path, or by its descriptor where the path has more than fsconfig's 255 bytes or
    /// signs that overlayfs reads as its own.
    private func setFolder(_ context: borrowing Descriptor, _ key: String, _ path: String) throws -> Bool {
        let isPlain = path.utf8.allSatisfy { $0 != 0x5c && $0 != 0x2c && $0 > 0x20 && $0 < 0x7f }
        if isPlain && path.utf8.count < 255 { return try set(context, key, path) }
        let folder = try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)
        return try set(context, key, "/proc/self/fd/\(folder.rawValue)")
    }

    /// The error of the context, with what the kernel wrote about it.
    private func failure(_ context: borrowing Descriptor, _ code: Int32, _ subject: String) -> any Error {
        let log = (try? context.readSome(1024)) ?? []
        let text = String(decoding: log, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
        let error = SystemCallError("fsconfig", errno: code, subject: subject)
        if text.isEmpty { return error }
        return RuntimeError(error.runtimeCode, text.hasPrefix("e ") ? String(text.dropFirst(2)) : text, cause: error)
    }

    private func mountByString(_ target: borrowing Descriptor, _ shown: String) throws {
        let folders = try lowers.map { SharedDescriptor(try Descriptor.open($0, CL_O_PATH | O_DIRECTORY)) }
        let list = folders.map { "/proc/self/fd/\($0.rawValue)" }.joined(separator: ":")
        var data = "index=off,lowerdir=\(list)"
        var held: [SharedDescriptor] = []
        if let upper, let work {
            for path in [upper, work] {
                held.append(SharedDescriptor(try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)))
            }
            data += ",upperdir=/proc/self/fd/\(held[0].rawValue),workdir=/proc/self/fd/\(held[1].rawValue)"
        }
        guard data.utf8.count < 4096 else {
            throw RuntimeError(.unsupported, "\(lowers.count) layers are more than this kernel can mount")
        }
        let flags: UInt = upper == nil ? 1 : 0  // MS_RDONLY
        let place = "/proc/self/fd/\(target.rawValue)"
        try check("mount", shown) { cl_mount("overlay", place, "overlay", flags, data) }
        // The kernel has looked all of them up; they had to stay open until here.
        withExtendedLifetime((folders, held)) {}
    }
}

/// Shows a folder at another place, for a snapshot without layers, which overlayfs cannot mount.
func bindMount(
    _ path: String, onto target: borrowing Descriptor, _ shown: String, readOnly: Bool
) throws {
    let flags = CL_OPEN_TREE_CLONE
    let tree = Descriptor(owning: try check("open_tree", path) { cl_open_tree(AT_FDCWD, path, flags) })
    if readOnly {
        let raw = tree.rawValue
        try check("mount_setattr", path) {
            cl_mount_setattr(raw, "", CL_AT_EMPTY_PATH, CL_MOUNT_ATTR_RDONLY, 0, 0, -1)
        }
    }
    try moveMount(tree, to: target, shown)
}

private func moveMount(_ tree: borrowing Descriptor, to target: borrowing Descriptor, _ shown: String) throws {
    let (from, to) = (tree.rawValue, target.rawValue)
    try check("move_mount", shown) {
        cl_move_mount(from, "", to, "", CL_MOVE_MOUNT_F_EMPTY_PATH | CL_MOVE_MOUNT_T_EMPTY_PATH)
    }
}
