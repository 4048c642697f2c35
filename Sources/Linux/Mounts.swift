internal import CLinux
internal import Glibc

/// Attributes of one mount, as mount_setattr(2) has them.
public struct MountAttributes: OptionSet, Sendable, Hashable {
    /// The `MOUNT_ATTR_*` bits.
    public let rawValue: UInt64

    /// Wraps `MOUNT_ATTR_*` bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// No writes through this mount.
    public static let readOnly = MountAttributes(rawValue: 0x1)
    /// Set-user-ID bits and file capabilities do not count.
    public static let noSuid = MountAttributes(rawValue: 0x2)
    /// Device nodes can't be opened.
    public static let noDevices = MountAttributes(rawValue: 0x4)
    /// No program can be executed.
    public static let noExecution = MountAttributes(rawValue: 0x8)
    /// Access times are not updated.
    public static let noAccessTime = MountAttributes(rawValue: 0x10)
    /// Access times are always updated.
    public static let strictAccessTime = MountAttributes(rawValue: 0x20)
    /// The mask of the access-time choice; must be cleared when one is set.
    public static let accessTimeMask = MountAttributes(rawValue: 0x70)
    /// Access times of folders are not updated.
    public static let noDirectoryAccessTime = MountAttributes(rawValue: 0x80)
    /// Symbolic links are not followed.
    public static let noSymlinkFollow = MountAttributes(rawValue: 0x200000)
}

/// How mount events spread between a mount and its copies (mount_namespaces(7)).
public enum MountPropagation: UInt64, Sendable {
    /// Never becomes the source of a bind mount.
    case unbindable = 0x20000
    /// No events in or out.
    case `private` = 0x40000
    /// Events in from the master, none out.
    case slave = 0x80000
    /// Events both ways.
    case shared = 0x100000
}

/// A mount that a descriptor holds: detached from open_tree(2) or fsmount(2) until ``attach(to:)``.
public struct MountTree: ~Copyable {
    /// The O_PATH descriptor of the mount's root.
    public let descriptor: Descriptor
    /// What it shows, for messages.
    public let shown: String

    /// Takes a descriptor of a mount's root.
    public init(_ descriptor: consuming Descriptor, shown: String) {
        self.descriptor = descriptor
        self.shown = shown
    }

    /// A detached copy of the mount at a host path (a bind mount's source), with the mounts below it if `recursive`.
    public static func copy(of path: String, recursive: Bool) throws(SystemCallError) -> MountTree {
        let flags = CL_OPEN_TREE_CLONE | (recursive ? CL_AT_RECURSIVE : 0)
        let opened = try check("open_tree", path) { cl_open_tree(AT_FDCWD, path, flags) }
        return MountTree(Descriptor(owning: opened), shown: path)
    }

    /// A detached copy of what an open descriptor stands on; no path is looked up.
    public static func copy(
        of source: borrowing Descriptor, shown: String, recursive: Bool
    ) throws(SystemCallError) -> MountTree {
        let flags = CL_OPEN_TREE_CLONE | CL_AT_EMPTY_PATH | (recursive ? CL_AT_RECURSIVE : 0)
        let raw = source.rawValue
        return MountTree(
            Descriptor(owning: try check("open_tree", shown) { cl_open_tree(raw, "", flags) }), shown: shown)
    }

    /// A detached copy of the one mount that a shared descriptor stands on.
    public static func copy(of source: SharedDescriptor, shown: String) throws(SystemCallError) -> MountTree {
        let opened = try check("open_tree", shown) {
            cl_open_tree(source.rawValue, "", CL_OPEN_TREE_CLONE | CL_AT_EMPTY_PATH)
        }
        return MountTree(Descriptor(owning: opened), shown: shown)
    }

    /// Changes attributes and propagation (mount_setattr); with `recursive` those of all mounts below too.
    public borrowing func setAttributes(
        set: MountAttributes = [], clear: MountAttributes = [], propagation: MountPropagation? = nil,
        recursive: Bool = false
    ) throws(SystemCallError) {
        let raw = descriptor.rawValue
        let flags = CL_AT_EMPTY_PATH | (recursive ? CL_AT_RECURSIVE : 0)
        try check("mount_setattr", shown) {
            cl_mount_setattr(raw, "", flags, set.rawValue, clear.rawValue, propagation?.rawValue ?? 0, -1)
        }
    }

    /// Maps the owners of this mount's files by a user namespace's mappings (MOUNT_ATTR_IDMAP); with `recursive` those of
    /// all mounts below too. For a detached mount only. Needs CAP_SYS_ADMIN where the file system was mounted.
    public borrowing func mapOwners(by namespace: SharedDescriptor, recursive: Bool) throws(SystemCallError) {
        let raw = descriptor.rawValue
        let flags = CL_AT_EMPTY_PATH | (recursive ? CL_AT_RECURSIVE : 0)
        try check("mount_setattr", "\(shown) id-mapped") {
            cl_mount_setattr(raw, "", flags, CL_MOUNT_ATTR_IDMAP, 0, 0, namespace.rawValue)
        }
    }

    /// Puts the mount onto an opened target (move_mount); the descriptor stays on the mount's root.
    public borrowing func attach(to target: borrowing Descriptor, shown target_: String) throws(SystemCallError) {
        let (from, to) = (descriptor.rawValue, target.rawValue)
        try check("move_mount", target_) {
            cl_move_mount(from, "", to, "", CL_MOVE_MOUNT_F_EMPTY_PATH | CL_MOVE_MOUNT_T_EMPTY_PATH)
        }
    }

    /// Puts the mount onto the working directory.
    public borrowing func attachToWorkingDirectory() throws(SystemCallError) {
        let from = descriptor.rawValue
        try check("move_mount", ".") { cl_move_mount(from, "", AT_FDCWD, ".", CL_MOVE_MOUNT_F_EMPTY_PATH) }
    }
}

/// A file system being configured (fsopen, fsconfig), before it becomes a ``MountTree``.
public struct FileSystemContext: ~Copyable {
    private let descriptor: Descriptor
    private let type: String

    /// Opens a context for a file system type such as `tmpfs`.
    public init(_ type: String) throws(SystemCallError) {
        descriptor = Descriptor(owning: try check("fsopen", type) { cl_fsopen(type, 0) })
        self.type = type
    }

    /// Opens a context of the file system that an open descriptor stands in, to be changed by ``reconfigure()``.
    public init(of target: borrowing Descriptor, shown: String) throws(SystemCallError) {
        let raw = target.rawValue
        descriptor = Descriptor(owning: try check("fspick", shown) { cl_fspick(raw) })
        type = shown
    }

    /// Sets an option: `key=value`, or the flag `key` where `value` is nil. Values are at most 255 bytes.
    public borrowing func set(_ key: String, _ value: String? = nil) throws(SystemCallError) {
        let raw = descriptor.rawValue
        let command = value == nil ? CL_FSCONFIG_SET_FLAG : CL_FSCONFIG_SET_STRING
        do throws(SystemCallError) {
            try check("fsconfig", "\(type) \(key)\(value.map { "=\($0)" } ?? "")") {
                cl_fsconfig(raw, command, key, value, 0)
            }
        } catch {
            throw SystemCallError(error.call, errno: error.errno, subject: error.subject + kernelMessage())
        }
    }

    /// Puts the options that were set into force on the picked file system.
    public borrowing func reconfigure() throws(SystemCallError) {
        let raw = descriptor.rawValue
        do throws(SystemCallError) {
            try check("fsconfig", "\(type) reconfigure") { cl_fsconfig(raw, CL_FSCONFIG_CMD_RECONFIGURE, nil, nil, 0) }
        } catch {
            throw SystemCallError(error.call, errno: error.errno, subject: error.subject + kernelMessage())
        }
    }

    /// Makes (or finds) the file system and a detached mount of it.
    public borrowing func mount(_ attributes: MountAttributes = []) throws(SystemCallError) -> MountTree {
        let raw = descriptor.rawValue
        do throws(SystemCallError) {
            try check("fsconfig", "\(type) create") { cl_fsconfig(raw, CL_FSCONFIG_CMD_CREATE, nil, nil, 0) }
        } catch {
            throw SystemCallError(error.call, errno: error.errno, subject: error.subject + kernelMessage())
        }
        let bits = UInt32(truncatingIfNeeded: attributes.rawValue)
        return MountTree(
            Descriptor(owning: try check("fsmount", type) { cl_fsmount(raw, 0, bits) }), shown: type)
    }

    /// The kernel's own explanation of the last failure, in parentheses, where it left one in the context.
    private borrowing func kernelMessage() -> String {
        guard let bytes = try? descriptor.readSome(512), bytes.count > 2 else { return "" }
        let text = bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
        return " (\(String(decoding: text, as: UTF8.self)))"
    }
}

/// Changes the propagation of the root of this mount namespace and all below it.
public func setRootPropagation(_ propagation: MountPropagation, recursive: Bool) throws(SystemCallError) {
    let flags = propagation.rawValue | (recursive ? CL_MS_REC : 0)
    try check("mount", "/ propagation") { cl_mount(nil, "/", nil, UInt(flags), nil) }
}
