public import Linux

/// What criu is asked to do: the parts of `criu_opts` in its rpc.proto that containers need.
public struct CRIURequest {
    /// The kinds of request that are made.
    public enum Kind: Int, Sendable {
        case dump = 1
        case restore = 2
        /// SINGLE_PRE_DUMP: criu waits for no further one.
        case preDump = 13
    }

    /// How criu treats cgroups (criu(8), --manage-cgroups).
    public enum CgroupMode: Int, Sendable {
        case ignore = 0
        case soft = 3
        case full = 4
        case strict = 5
    }

    /// A mount that is not the container's: on dump where it is and its name, on restore its name and what to bind.
    public struct ExternalMount: Sendable, Equatable {
        /// On dump the path inside the container, on restore the name.
        public var key: String
        /// On dump the name, on restore the host's path.
        public var value: String

        /// A pair.
        public init(_ key: String, _ value: String) { (self.key, self.value) = (key, value) }
    }

    /// What is done.
    public var kind: Kind
    /// The folder of the images, open in this process until the request is over.
    public var images: SharedDescriptor
    /// The folder of criu's log and statistics; nil is the images' folder.
    public var work: SharedDescriptor?
    /// The log's name in that folder.
    public var logFile: String
    /// The process that is dumped with all below it.
    public var pid: Int32?
    /// The container's root: a mount point on restore.
    public var root: String?
    /// The images of an earlier pre-dump, relative to the images' folder.
    public var parentImages: String?
    /// Whether the kernel tracks changed memory for a next dump.
    public var tracksMemory = false
    /// The processes run on after the dump.
    public var leavesRunning = false
    /// Established TCP connections are kept.
    public var keepsConnections = false
    /// TCP connections that are not established yet are passed over.
    public var skipsConnectionsInFlight = false
    /// Unix sockets may be connected to outside.
    public var allowsExternalSockets = false
    /// The session's terminal may be the caller's.
    public var isShellJob = false
    /// File locks are kept.
    public var keepsFileLocks = false
    /// Pages that the parent images have are dropped from them.
    public var dropsDuplicates = false
    /// Memory is brought over when it is touched.
    public var isLazy = false
    /// Where memory pages go instead of files.
    public var pageServer: (address: String, port: UInt16)?
    /// Gets a byte when a lazy dump can be connected to.
    public var statusDescriptor: Int32?
    /// CLONE_NEW bits of namespaces that are made empty.
    public var emptyNamespaces: UInt32 = 0
    /// The treatment of cgroups.
    public var cgroups: CgroupMode = .soft
    /// Where the container's cgroups are now: a controller (nil for version 2) and a path below its hierarchy.
    public var cgroupRoots: [(controller: String?, path: String)] = []
    /// The freezer's folder that stops all processes while they are dumped.
    public var freezer: String?
    /// Mounts that are not the container's.
    public var externalMounts: [ExternalMount] = []
    /// Namespaces and files that are not the container's, as criu(8) writes --external.
    public var external: [String] = []
    /// Descriptors of this process that replace external resources on restore, by the resource's name.
    public var inherited: [(key: String, descriptor: Int32)] = []
    /// AppArmor's or SELinux's name for the restored processes.
    public var securityLabel: String?
    /// The SELinux context of restored mounts.
    public var mountLabel: String?

    /// A request without options.
    public init(_ kind: Kind, images: SharedDescriptor, logFile: String) {
        (self.kind, self.images, self.logFile) = (kind, images, logFile)
    }

    /// The bytes of `criu_req`.
    func message() -> [UInt8] {
        var writer = MessageWriter()
        writer.number(1, kind.rawValue)
        writer.message(2) { options in
            writeFolders(&options)
            writeChoices(&options)
            writeResources(&options)
        }
        return writer.bytes
    }

    private func writeFolders(_ options: inout MessageWriter) {
        let verbose = 4
        options.number(1, Int(images.rawValue))
        options.number(17, unlessNil: work.map { Int($0.rawValue) })
        options.number(9, verbose)
        options.text(10, logFile)
        options.text(13, root)
        options.text(14, parentImages)
        options.number(2, unlessNil: pid.map(Int.init))
    }

    private func writeChoices(_ options: inout MessageWriter) {
        let notifies = true, keepsOrphanedTerminals = true
        options.flag(3, leavesRunning)
        options.flag(4, allowsExternalSockets)
        options.flag(5, keepsConnections)
        options.flag(46, skipsConnectionsInFlight)
        options.flag(7, isShellJob)
        options.flag(8, keepsFileLocks)
        options.flag(12, notifies)
        options.flag(15, tracksMemory)
        options.flag(16, dropsDuplicates)
        options.flag(48, isLazy)
        options.flag(50, keepsOrphanedTerminals)
        // Devices at another path, and processes that become the caller's children.
        options.flag(6, kind == .restore)
        options.flag(26, kind == .restore)
        if emptyNamespaces != 0 { options.number(38, Int(emptyNamespaces)) }
        options.flag(24, cgroups != .ignore)
        options.number(34, cgroups.rawValue)
    }

    private func writeResources(_ options: inout MessageWriter) {
        if let pageServer {
            options.message(11) { server in
                server.text(1, pageServer.address)
                server.number(2, Int(pageServer.port))
            }
        }
        options.number(49, unlessNil: statusDescriptor.map(Int.init))
        for mount in externalMounts {
            options.message(23) { pair in
                pair.text(1, mount.key)
                pair.text(2, mount.value)
            }
        }
        for root in cgroupRoots {
            options.message(25) { pair in
                pair.text(1, root.controller)
                pair.text(2, root.path)
            }
        }
        for (key, descriptor) in inherited {
            options.message(27) { pair in
                pair.text(1, key)
                pair.number(2, Int(descriptor))
            }
        }
        for resource in external { options.text(37, resource) }
        options.text(44, freezer)
        options.text(53, securityLabel)
        options.text(63, mountLabel)
    }
}
