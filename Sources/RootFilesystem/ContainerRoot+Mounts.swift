internal import CLinux
internal import Glibc
internal import Linux
internal import Support

extension ContainerRoot {
    /// Performs one mount; see ``mountCgroup(_:privateView:)`` for type `cgroup`.
    ///
    /// - Parameter hostView: a host folder that is bound where the kernel refuses the file system (EPERM): what a user
    ///   namespace gets of /sys, /proc and /dev/mqueue whose namespaces are the host's.
    public borrowing func mount(_ mount: PreparedMount, hostView: String? = nil) throws {
        try attempt("mount \(mount.type.isEmpty ? mount.source : mount.type) at \(mount.destination)") {
            if mount.options.isRemount { return try remount(mount) }
            kernel.cover(mount.destination)
            if mount.bind != nil { return try bind(mount) }
            do {
                try mountFileSystem(mount)
            } catch let error as SystemCallError where error.errno == EPERM && hostView != nil {
                try bindHost(hostView ?? "", mount)
            } catch let error as SystemCallError where mount.needsOrdinaryFolder && error.isNoFolder {
                throw RuntimeError(
                    .invalidArgument, "\(mount.type) must be mounted on ordinary directory", cause: error)
            }
        }
    }

    private borrowing func bind(_ mount: PreparedMount) throws {
        try mount.openSource(in: directory)
        let target =
            mount.sourceStatus.type == S_IFDIR
            ? try directory.openMakingDirectories(mount.destination)
            : try directory.openMakingFile(mount.destination)
        try mount.tree?.apply(mount.options, defaultPropagation: .private)
        try mount.tree?.attach(to: target, shown: mount.destination)
    }

    private borrowing func bindHost(_ path: String, _ mount: PreparedMount) throws {
        let target = try openMountTarget(mount)
        let tree = try MountTree.copy(of: path, recursive: true)
        try tree.setAttributes(set: mount.options.set, propagation: .private, recursive: true)
        try tree.attach(to: target, shown: mount.destination)
    }

    private borrowing func mountFileSystem(_ mount: PreparedMount) throws {
        let options = mount.options
        let hasMode = options.data.contains { $0.key == "mode" }
        // One that covers nothing is open to everybody, as tmpfs is by itself.
        let takesMode =
            try mount.type == "tmpfs" && !hasMode && directory.openIfPresent(mount.destination, CL_O_PATH) != nil
        let target = try openMountTarget(mount)
        if mount.type == "overlay" || options.switches[.iversion] == true
            || options.data.contains(where: { ($0.value?.utf8.count ?? 0) > 255 })
        {
            return try mountWithLongOptions(mount, target)
        }
        let context = try FileSystemContext(mount.type)
        try context.set("source", mount.source)
        for (name, on) in options.switches where on { try context.set(name.rawValue) }
        if takesMode {
            try context.set("mode", String(permissions(of: target, mount.destination), radix: 8))
        }
        for parameter in options.data { try context.set(parameter.key, parameter.value) }
        let asked = options.set.union(options.recursiveSet)
        let wanted = mount.isReadOnlyDev ? asked.subtracting(.readOnly) : asked
        let made = try context.mount(options.copiesUp ? [] : wanted)
        if options.copiesUp && mount.type == "tmpfs" {
            try copyTree(from: target, to: made.descriptor, shown: mount.destination)
            try made.setAttributes(set: wanted, clear: options.clear)
        }
        if let propagation = options.propagation { try made.setAttributes(propagation: propagation) }
        try made.attach(to: target, shown: mount.destination)
        if mount.type == "proc" || mount.type == "sysfs" {
            kernel.add(SharedDescriptor(try made.descriptor.duplicate()), at: mount.destination)
        }
    }

    /// A tmpfs without a mode of its own takes that of the folder it covers, as with runc: /tmp stays 1777. Where there was
    /// no folder it has the kernel's, 1777.
    private func permissions(of target: borrowing Descriptor, _ shown: String) throws -> UInt32 {
        var status = stat()
        let raw = target.rawValue
        try check("fstat", shown) { fstat(raw, &status) }
        return status.st_mode & 0o7777
    }

    /// /proc and /sys must be folders of the image's own, not links: what is written below them decides the
    /// container's labels and limits.
    private borrowing func openMountTarget(_ mount: PreparedMount) throws -> Descriptor {
        guard mount.needsOrdinaryFolder else {
            return try directory.openMakingDirectories(mount.destination)
        }
        _ = try directory.openMakingDirectories(mount.destination)
        return try directory.open(
            mount.destination, CL_O_PATH | O_DIRECTORY | O_NOFOLLOW, resolve: CL_RESOLVE_NO_SYMLINKS)
    }

    /// mount(2), for what fsconfig(2) does not take: values over 255 bytes, and iversion.
    private borrowing func mountWithLongOptions(_ mount: PreparedMount, _ target: borrowing Descriptor) throws {
        let switches = mount.options.switches.filter { $0.value && $0.key != .iversion }.map(\.key.rawValue)
        if let stray = switches.first {
            throw RuntimeError(
                .unsupported,
                "\(mount.field).options: \"\(stray)\" can't be combined with \(mount.type)'s other options")
        }
        let data = mount.options.data.map { parameter in
            parameter.value.map { "\(parameter.key)=\($0)" } ?? parameter.key
        }.joined(separator: ",")
        let path = "/proc/self/fd/\(target.rawValue)"
        let flags = mount.options.switches[.iversion] == true ? UInt(CL_MS_I_VERSION) : 0
        try check("mount", mount.type) { cl_mount(mount.source, path, mount.type, flags, data) }
        try MountTree(directory.open(mount.destination, CL_O_PATH), shown: mount.destination)
            .apply(mount.options, defaultPropagation: nil)
    }

    /// Changes what is mounted at the destination: attributes of that mount alone, and the file system's own options.
    /// `ro` and `rw` count for the mount, never for the file system, which may be the host's.
    private borrowing func remount(_ mount: PreparedMount) throws {
        let target = try directory.open(mount.destination, CL_O_PATH)
        let options = mount.options
        if !options.data.isEmpty || !options.switches.isEmpty {
            let context = try FileSystemContext(of: target, shown: mount.destination)
            for (name, on) in options.switches {
                guard let word = on ? name.rawValue : name.negation, name != .iversion else {
                    throw RuntimeError(.unsupported, "\(mount.field).options: \(name.rawValue) can't be remounted")
                }
                try context.set(word)
            }
            for parameter in options.data { try context.set(parameter.key, parameter.value) }
            try context.reconfigure()
        }
        try MountTree(target, shown: mount.destination).apply(options, defaultPropagation: nil)
    }
}

extension MountOptions.FileSystemSwitch {
    /// The word that turns it off.
    fileprivate var negation: String? {
        switch self {
        case .sync: "async"
        case .lazytime: "nolazytime"
        case .mand: "nomand"
        case .dirsync, .iversion: nil
        }
    }
}

extension MountTree {
    /// Applies a mount's attributes and propagation to this mount, as its options ask.
    borrowing func apply(_ options: MountOptions, defaultPropagation: MountPropagation?) throws {
        if !options.set.isEmpty || !options.clear.isEmpty {
            try setAttributes(set: options.set, clear: options.clear)
        }
        if !options.recursiveSet.isEmpty || !options.recursiveClear.isEmpty {
            try setAttributes(set: options.recursiveSet, clear: options.recursiveClear, recursive: true)
        }
        if let propagation = options.propagation {
            try setAttributes(propagation: propagation, recursive: options.propagationIsRecursive)
        } else if let defaultPropagation {
            try setAttributes(propagation: defaultPropagation, recursive: true)
        }
    }
}

extension PreparedMount {
    /// A file system at /dev that is to be read-only: it can't be before its nodes and mount points have been made.
    public var isReadOnlyDev: Bool {
        bind == nil && !options.isRemount && options.set.union(options.recursiveSet).contains(.readOnly)
            && destination.split(separator: "/") == ["dev"]
    }

    /// /proc and /sys: no link leads to them.
    fileprivate var needsOrdinaryFolder: Bool { type == "proc" || type == "sysfs" }
}

extension SystemCallError {
    fileprivate var isNoFolder: Bool { errno == ELOOP || errno == ENOTDIR }
}
