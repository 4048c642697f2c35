public import Cgroups
public import Linux
public import OCISpec

/// How a container is checkpointed or restored: runc's options of the two verbs.
public struct CheckpointSettings {
    /// What becomes of the container's cgroups on restore (criu(8), --manage-cgroups).
    public enum CgroupMode: String, Sendable, CaseIterable {
        case soft, full, strict, ignore
    }

    /// The folder of the images.
    public var imagePath: String
    /// The folder of the log; nil is the images' folder.
    public var workPath: String?
    /// The images of an earlier pre-dump, relative to ``imagePath``.
    public var parentPath: String?
    /// Only memory is dumped, and the container runs on.
    public var isPreDump = false
    /// The container runs on.
    public var leavesRunning = false
    /// Established TCP connections are kept.
    public var keepsConnections = false
    /// TCP connections that are not established yet are passed over.
    public var skipsConnectionsInFlight = false
    /// Unix sockets may be connected to outside.
    public var allowsExternalSockets = false
    /// The terminal may be the caller's.
    public var isShellJob = false
    /// File locks are kept.
    public var keepsFileLocks = false
    /// Memory is brought over when it is touched.
    public var isLazy = false
    /// Pages that the parent images have too are dropped from them.
    public var dropsDuplicates = false
    /// The network namespace is made empty.
    public var emptiesNetwork = false
    /// Where memory pages go instead of files.
    public var pageServer: (address: String, port: UInt16)?
    /// Gets a byte when a lazy checkpoint can be connected to.
    public var statusDescriptor: Int32?
    /// The treatment of cgroups.
    public var cgroups = CgroupMode.soft
    /// The security module's name for restored processes.
    public var securityLabel: String?
    /// The SELinux context of restored mounts.
    public var mountLabel: String?

    /// Settings without options.
    public init(imagePath: String) { self.imagePath = imagePath }
}

/// A container that is to be checkpointed.
public struct CheckpointRequest {
    /// The root file system's absolute path.
    public var rootfs: String
    /// What the container was created with.
    public var configuration: RuntimeConfiguration
    /// The process that stands for the container.
    public var container: ProcessIdentity
    /// The container's cgroup.
    public var cgroup: Cgroup
    /// The options.
    public var settings: CheckpointSettings

    /// Describes a checkpoint.
    public init(
        rootfs: String, configuration: RuntimeConfiguration, container: ProcessIdentity, cgroup: Cgroup,
        settings: CheckpointSettings
    ) {
        self.rootfs = rootfs
        self.configuration = configuration
        self.container = container
        self.cgroup = cgroup
        self.settings = settings
    }
}

/// A container that is to be made from a checkpoint.
public struct RestoreRequest {
    /// The bundle's absolute path.
    public var bundle: String
    /// The root file system's absolute path.
    public var rootfs: String
    /// An empty folder of the container's own, for the root's mount.
    public var scratch: String
    /// The bundle's config.json.
    public var configuration: RuntimeConfiguration
    /// The container's cgroup, which is there.
    public var cgroup: Cgroup
    /// The `tasks` files of the container's resctrl groups.
    public var resctrlTasks: [String]
    /// Unix socket that the terminal's master goes to.
    public var consoleSocket: SharedDescriptor?
    /// The caller relays the terminal's output itself: line feeds come to it unchanged.
    public var relaysConsole: Bool
    /// The options.
    public var settings: CheckpointSettings

    /// Describes a restore.
    public init(
        bundle: String, rootfs: String, scratch: String, configuration: RuntimeConfiguration, cgroup: Cgroup,
        resctrlTasks: [String], consoleSocket: SharedDescriptor?, relaysConsole: Bool,
        settings: CheckpointSettings
    ) {
        self.bundle = bundle
        self.rootfs = rootfs
        self.scratch = scratch
        self.configuration = configuration
        self.cgroup = cgroup
        self.resctrlTasks = resctrlTasks
        self.consoleSocket = consoleSocket
        self.relaysConsole = relaysConsole
        self.settings = settings
    }
}
