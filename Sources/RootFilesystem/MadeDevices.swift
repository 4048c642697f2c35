internal import CLinux
internal import Glibc
internal import Linux
internal import Support

extension DeviceNode {
    /// Makes the nodes that the host has not got, for a user namespace, in which none can be made, and opens a mount of each.
    ///
    /// They lie in a tmpfs that is mounted nowhere but in a mount namespace which is left again. Needs CAP_MKNOD and
    /// CAP_SYS_ADMIN of the initial user namespace, and a process of one thread.
    /// - Parameters:
    ///   - devices: what to make, with owners as the host sees them.
    ///   - mounts: ``hostNode()`` of each, which gets the node.
    public static func make(_ devices: [DeviceNode], for mounts: [PreparedMount]) throws {
        if devices.isEmpty { return }
        let namespace = try PrivateMounts()
        let result = Result {
            let place = try Descriptor.open("/dev", CL_O_PATH | O_DIRECTORY)
            let folder = try FileSystemContext("tmpfs").mount([.noSuid, .noExecution])
            try folder.attach(to: place, shown: "/dev")
            for (index, (device, mount)) in zip(devices, mounts).enumerated() {
                try attempt("make device \(device.path)") {
                    let node = try device.make("\(index)", in: folder.descriptor)
                    try mount.take(MountTree.copy(of: node, shown: device.path, recursive: false))
                }
            }
        }
        try namespace.leave()
        try result.get()
    }

    private func make(_ name: String, in folder: borrowing Descriptor) throws -> Descriptor {
        let raw = folder.rawValue
        try check("mknodat", path) { cl_mknodat(raw, name, kind.rawValue | mode, major, minor) }
        // Whatever the caller's umask is.
        try check("fchmodat", path) { fchmodat(raw, name, mode, 0) }
        try check("fchownat", path) { fchownat(raw, name, uid, gid, AT_SYMLINK_NOFOLLOW) }
        return Descriptor(owning: try check("openat", path) { openat(raw, name, CL_O_PATH | O_NOFOLLOW | O_CLOEXEC) })
    }
}
