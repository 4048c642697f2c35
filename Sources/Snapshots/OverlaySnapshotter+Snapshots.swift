internal import CLinux
internal import Glibc
public import Linux
internal import Support

extension OverlaySnapshotter {
    /// Makes a snapshot over committed layers, lowest first.
    public func prepare(key: String, layers: [String]) throws {
        try validate(key, "snapshot")
        for layer in layers { try validate(layer, "layer") }
        try attempt("prepare snapshot \(key)") {
            let lock = try FileLock("\(root)/locks/\(key)")
            defer { lock.remove() }
            let all = try FileLock("\(root)/lock", shared: true)
            defer { all.release() }
            if try isThere(snapshotPath(key)) { throw RuntimeError(.alreadyExists, "it is there already") }
            sweep(holding: key)
            let temporary = temporaryPath(key)
            try withUndo { undo in
                try makeDirectories(temporary, mode: 0o700)
                undo.push { try removeTree(temporary) }
                try makeUpper(temporary, layers)
                let (path, noReplace) = (snapshotPath(key), UInt32(1))
                try check("renameat2", path) { cl_renameat2(AT_FDCWD, temporary, AT_FDCWD, path, noReplace) }
            }
        }
    }

    /// The writable folder, which lends the merged root its owner and mode: those of the nearest layer's root.
    private func makeUpper(_ folder: String, _ layers: [String]) throws {
        try makeDirectories("\(folder)/upper")
        try makeDirectories("\(folder)/work", mode: 0o700)
        var mode: UInt32 = 0o755
        var owner: (UInt32, UInt32) = (geteuid(), getegid())
        for (index, layer) in layers.enumerated() {
            let opened = try openLayer(layer)
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
        try writeAtomically(Array(layers.joined(separator: "\n").utf8), to: "\(folder)/layers")
    }

    /// Mounts a snapshot at a host folder.
    public func mount(key: String, at path: String, readOnly: Bool) throws {
        let lowers = try layers(of: key)
        try attempt("mount snapshot \(key) at \(path)") {
            let base = snapshotPath(key)
            let target = try Descriptor.open(path, CL_O_PATH | O_DIRECTORY)
            if lowers.isEmpty { return try bindMount("\(base)/upper", onto: target, path, readOnly: readOnly) }
            var folders = lowers.reversed().map { "\(layerPath($0))/fs" }
            if readOnly { folders.insert("\(base)/upper", at: 0) }
            let mount = OverlayMount(
                lowers: folders, upper: readOnly ? nil : "\(base)/upper", work: readOnly ? nil : "\(base)/work")
            try mount.attach(to: target, path, byDescriptor: mountsByDescriptor)
        }
    }

    /// Takes the mount at a host folder away.
    public func unmount(at path: String) throws {
        let noFollow: Int32 = 8
        if cl_umount2(path, CL_MNT_DETACH | noFollow) == 0 || errno == EINVAL || errno == ENOENT { return }
        throw SystemCallError("umount2", errno: errno, subject: path)
    }

    /// The upper folder.
    public func changes(key: String) throws -> Descriptor {
        try validate(key, "snapshot")
        return try attempt("changes of snapshot \(key)") {
            try Descriptor.open("\(snapshotPath(key))/upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        }
    }

    /// Removes a snapshot and what was written in it.
    public func remove(key: String) throws {
        try validate(key, "snapshot")
        try attempt("remove snapshot \(key)") {
            let lock = try FileLock("\(root)/locks/\(key)")
            defer { lock.remove() }
            try discard(key, at: snapshotPath(key))
        }
    }
}
