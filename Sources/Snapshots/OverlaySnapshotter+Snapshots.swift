internal import CLinux
internal import Glibc
public import Linux
internal import Support

extension OverlaySnapshotter {
    /// Makes a snapshot over committed layers, lowest first.
    public func prepare(key: String, layers: [String]) throws {
        try store.makeSnapshot(key, layers) { try makeUpper($0, layers) }
    }

    /// The writable folder, which lends the merged root its owner and mode: those of the nearest layer's root.
    private func makeUpper(_ folder: String, _ layers: [String]) throws {
        try makeDirectories("\(folder)/upper")
        try makeDirectories("\(folder)/work", mode: 0o700)
        var mode: UInt32 = 0o755
        var owner: (UInt32, UInt32) = (geteuid(), getegid())
        for (index, layer) in layers.enumerated() {
            let opened = try store.openLayer(layer)
            guard index == layers.count - 1 else { continue }
            let raw = opened.rawValue
            var status = stat()
            try check("fstat", layer) { fstat(raw, &status) }
            (mode, owner) = (status.st_mode & 0o7777, (status.st_uid, status.st_gid))
        }
        let upper = try Descriptor.open("\(folder)/upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let raw = upper.rawValue
        if geteuid() == 0 { try check("fchown", "upper") { fchown(raw, owner.0, owner.1) } }
        try check("fchmod", "upper") { fchmod(raw, mode) }
    }

    /// Mounts a snapshot at a host folder.
    public func mount(key: String, at path: String, readOnly: Bool) throws {
        let lowers = try store.layers(of: key)
        try attempt("mount snapshot \(key) at \(path)") {
            let base = store.snapshotPath(key)
            guard try store.isThere("\(base)/upper") else { throw store.ofAnotherDriver("native") }
            let target = try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)
            if lowers.isEmpty { return try bindMount("\(base)/upper", onto: target, path, readOnly: readOnly) }
            var folders = lowers.reversed().map { "\(store.layerPath($0))/fs" }
            if readOnly { folders.insert("\(base)/upper", at: 0) }
            let mount = OverlayMount(
                lowers: folders, upper: readOnly ? nil : "\(base)/upper", work: readOnly ? nil : "\(base)/work")
            try mount.attach(to: target, path, byDescriptor: mountsByDescriptor)
        }
    }

    /// Takes the mount at a host folder away.
    public func unmount(at path: String) throws { try takeMountAway(path) }

    /// The upper folder.
    public func changes(key: String) throws -> Descriptor {
        try store.validate(key, "snapshot")
        return try attempt("changes of snapshot \(key)") {
            try Descriptor.open("\(store.snapshotPath(key))/upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        }
    }

    /// Removes a snapshot and what was written in it.
    public func remove(key: String) throws { try store.removeSnapshot(key) }
}

/// Takes the uppermost mount at a host folder away, also while it is in use; nothing mounted is no error.
func takeMountAway(_ path: String) throws(SystemCallError) {
    let noFollow: Int32 = 8
    if cl_umount2(path, CL_MNT_DETACH | noFollow) == 0 || errno == EINVAL || errno == ENOENT { return }
    throw SystemCallError("umount2", errno: errno, subject: path)
}
