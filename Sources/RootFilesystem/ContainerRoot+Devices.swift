internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// A device node of the container.
public struct DeviceNode: Sendable, Hashable {
    /// What kind of node.
    public enum Kind: UInt32, Sendable {
        /// `c` or `u`.
        case character = 0o020000
        /// `b`.
        case block = 0o060000
        /// `p`.
        case fifo = 0o010000
    }

    /// Path inside the container.
    public var path: String
    /// What kind of node.
    public var kind: Kind
    /// Major number.
    public var major: UInt32
    /// Minor number.
    public var minor: UInt32
    /// Permission bits.
    public var mode: UInt32
    /// Owner's uid, as seen inside the container.
    public var uid: UInt32
    /// Owner's gid.
    public var gid: UInt32

    /// Describes a node.
    public init(path: String, kind: Kind, major: UInt32, minor: UInt32, mode: UInt32, uid: UInt32 = 0, gid: UInt32 = 0)
    {
        self.path = path
        self.kind = kind
        self.major = major
        self.minor = minor
        self.mode = mode
        self.uid = uid
        self.gid = gid
    }

    /// The host's node of the same path, to be bound where mknod is refused (user namespaces). A node is no program:
    /// the mount says so.
    public func hostNode() throws -> PreparedMount {
        try PreparedMount(
            destination: path, type: "bind", source: path, options: ["bind", "nosuid", "noexec"], bundle: "/",
            field: "device \(path)")
    }

    /// The nodes that every container has (runtime-spec config-linux.md, Default Devices).
    public static let defaults: [DeviceNode] = [
        DeviceNode(path: "/dev/null", kind: .character, major: 1, minor: 3, mode: 0o666),
        DeviceNode(path: "/dev/zero", kind: .character, major: 1, minor: 5, mode: 0o666),
        DeviceNode(path: "/dev/full", kind: .character, major: 1, minor: 7, mode: 0o666),
        DeviceNode(path: "/dev/random", kind: .character, major: 1, minor: 8, mode: 0o666),
        DeviceNode(path: "/dev/urandom", kind: .character, major: 1, minor: 9, mode: 0o666),
        DeviceNode(path: "/dev/tty", kind: .character, major: 5, minor: 0, mode: 0o666),
    ]
}

extension ContainerRoot {
    /// Makes device nodes with mknodat in an opened folder. Needs CAP_MKNOD of the initial user namespace and umask 0.
    public borrowing func makeDevices(_ devices: [DeviceNode]) throws {
        for device in devices {
            try attempt("make device \(device.path)") {
                let folder = try directory.openMakingDirectories(parentPath(device.path))
                try makeDevice(device, in: folder)
            }
        }
    }

    private borrowing func makeDevice(_ device: DeviceNode, in folder: borrowing Descriptor) throws {
        let (raw, name) = (folder.rawValue, lastName(device.path))
        if cl_mknodat(raw, name, device.kind.rawValue | device.mode, device.major, device.minor) != 0 {
            if errno == EEXIST, try isSame(device, raw, name) { return }
            // A user namespace around the runtime: root there, but no nodes.
            if errno == EPERM, device.kind != .fifo { return try bindHostNode(device) }
            throw SystemCallError("mknodat", errno: errno, subject: device.path)
        }
        if device.uid != 0 || device.gid != 0 {
            try check("fchownat", device.path) {
                fchownat(raw, name, device.uid, device.gid, AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    private borrowing func bindHostNode(_ device: DeviceNode) throws {
        let mount = try device.hostNode()
        try mount.openSource()
        try bindDevice(device, from: mount)
    }

    /// True where the image, or a mount, brought this very device along.
    private func isSame(_ device: DeviceNode, _ folder: Int32, _ name: String) throws -> Bool {
        var status = stat()
        try check("fstatat", device.path) { fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) }
        return status.st_mode & S_IFMT == device.kind.rawValue && cl_major(status.st_rdev) == device.major
            && cl_minor(status.st_rdev) == device.minor
    }

    /// Binds the host's nodes, given as opened mounts in the order of `devices`: the way of a user namespace,
    /// in which mknod is refused but for a FIFO, which is made.
    public borrowing func bindDevices(_ devices: [DeviceNode], from nodes: [PreparedMount]) throws {
        for (device, node) in zip(devices, nodes) {
            try attempt("bind device \(device.path)") {
                if device.kind == .fifo { return try makeDevices([device]) }
                try bindDevice(device, from: node)
            }
        }
    }

    /// Binds a host node after a look that it is the device that was asked for.
    private borrowing func bindDevice(_ device: DeviceNode, from node: PreparedMount) throws {
        let status = node.sourceStatus
        guard status.type == device.kind.rawValue, cl_major(status.device) == device.major,
            cl_minor(status.device) == device.minor
        else {
            throw RuntimeError(
                .unsupported,
                "a user namespace can only be given the host's node, which is not \(device.major):\(device.minor)")
        }
        try mount(node)
    }

    /// Makes the links that programs expect in /dev: fd, stdin, stdout, stderr and ptmx.
    public borrowing func makeDeviceLinks() throws {
        let folder = try directory.openMakingDirectories("/dev")
        let links = [
            ("/proc/self/fd", "fd"), ("/proc/self/fd/0", "stdin"), ("/proc/self/fd/1", "stdout"),
            ("/proc/self/fd/2", "stderr"), ("pts/ptmx", "ptmx"),
        ]
        for (target, name) in links {
            if symlinkat(target, folder.rawValue, name) != 0 && errno != EEXIST {
                throw SystemCallError("symlinkat", errno: errno, subject: "/dev/\(name)")
            }
        }
    }

    private func lastName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
