public import JSON

/// What a container shall be: the desired configuration, without anything of the host or of one run.
///
/// A door makes one from a request; ``merged(with:)`` fills in what the image says.
public struct ContainerSpecification: Sendable, Equatable {
    /// Which network namespace the container has.
    public enum Network: String, Sendable, CaseIterable {
        /// An own one with nothing but loopback.
        case none
        /// The host's.
        case host
    }

    /// The container's name; nil makes one up.
    public var name: String?
    /// The image, as it was asked for.
    public var image: String
    /// Replaces the image's entrypoint; empty takes it away, nil keeps it.
    public var entrypoint: [String]?
    /// Replaces the image's command; empty keeps it.
    public var command: [String] = []
    /// `NAME=VALUE`, over the image's.
    public var environment: [String] = []
    /// Replaces the image's working folder.
    public var workingFolder: String?
    /// Replaces the image's user: `user`, `uid`, `user:group` or `uid:gid`.
    public var user: String?
    /// The host name; nil is the first twelve digits of the id, or the host's on its network.
    public var hostname: String?
    /// Labels, over the image's.
    public var labels: [String: String] = [:]
    /// Whether the program runs on a terminal.
    public var terminal = false
    /// Whether the program can read what is typed or piped in.
    public var interactive = false
    /// Whether the root can't be written.
    public var readOnlyRoot = false
    /// The network.
    public var network = Network.none
    /// What is mounted beyond the defaults.
    public var mounts: [VolumeMount] = []
    /// Limits of the container's cgroup.
    public var limits = Limits()
    /// Limits of each process.
    public var resourceLimits: [ResourceLimit] = []
    /// What the program may do.
    public var security = Security()
    /// The signal that asks the program to stop, such as `SIGTERM`; nil is the image's.
    public var stopSignal: String?
    /// Whether the container goes away once it has ended.
    public var removesItself = false
    /// The OCI runtime's name in a daemon's table; nil is its default.
    public var runtime: String?
    /// When a daemon starts it again.
    public var restart = RestartPolicy.never
    /// Where its output is kept, by a daemon.
    public var log = Log()
    /// Whether its input ends with the first client that was attached to it.
    public var endsInputWithClient = false
    /// Seconds that it has to stop before it is killed; nil is 10.
    public var stopTimeout: Int?
    /// The id of the container whose network namespace it shares; goes before ``network``.
    public var sharesNetworkOf: String?
    /// The request as the door got it that made the container, for that door to show. Nothing is decided by it.
    public var request: JSONValue?

    /// A container of `image` with nothing else said.
    public init(image: String) {
        self.image = image
    }

    /// What is executed: entrypoint and command.
    public var arguments: [String] { (entrypoint ?? []) + command }
}

extension ContainerSpecification {
    /// When a daemon starts a container again that has ended.
    public enum RestartPolicy: Sendable, Equatable {
        /// Never.
        case never
        /// When it ended with another code than 0; at most so often, where that is not 0.
        case onFailure(most: Int)
        /// Whenever it has ended, and when the daemon starts.
        case always
        /// As always, but not where somebody stopped it.
        case unlessStopped
    }

    /// Where a container's output is kept.
    public struct Log: Sendable, Equatable {
        /// The form: `json-file`, `local` or `none`.
        public var driver = "json-file"
        /// Bytes of a file before the next is begun; nil is no limit.
        public var maximumSize: Int?
        /// How many files there are at most.
        public var maximumFiles = 1

        /// One file without a limit.
        public init() {}
    }

    /// Something mounted into the container.
    public struct VolumeMount: Sendable, Equatable {
        /// What is mounted.
        public enum Source: Sendable, Equatable {
            /// A file or folder of the host, absolute; made as a folder where it is missing and `create` is set.
            case bind(path: String, create: Bool)
            /// A named volume, made where it is missing.
            case volume(name: String)
            /// An empty file system in memory.
            case memory
        }

        /// What.
        public var source: Source
        /// Where, absolute, inside the container.
        public var destination: String
        /// Mount options such as `ro`, `rprivate`, `noexec`, `size=64m`.
        public var options: [String]

        /// A mount.
        public init(source: Source, destination: String, options: [String] = []) {
            self.source = source
            self.destination = destination
            self.options = options
        }
    }

    /// Limits of the container's cgroup; nil is none.
    public struct Limits: Sendable, Equatable {
        /// Bytes.
        public var memory: Int64?
        /// Bytes of memory and swap together, -1 for no limit; nil is twice the memory.
        public var memorySwap: Int64?
        /// Bytes of memory that reclaim tries to keep to.
        public var memoryReservation: Int64?
        /// Thousandths of a processor.
        public var milliCPUs: Int64?
        /// Relative weight, 1024 being the usual one.
        public var cpuShares: UInt64?
        /// Processors, as of cpuset(7).
        public var cpus: String?
        /// Memory nodes, as of cpuset(7).
        public var memoryNodes: String?
        /// Number of processes and threads.
        public var pids: Int64?

        /// No limits.
        public init() {}
    }

    /// A limit of setrlimit(2).
    public struct ResourceLimit: Sendable, Equatable {
        /// The resource's name in lower case without `RLIMIT_`, such as `nofile`.
        public var name: String
        /// The limit in force; all bits set is none.
        public var soft: UInt64
        /// Its ceiling; all bits set is none.
        public var hard: UInt64

        /// A limit.
        public init(name: String, soft: UInt64, hard: UInt64) {
            self.name = name
            self.soft = soft
            self.hard = hard
        }
    }

    /// What the program may do beyond or below the defaults.
    public struct Security: Sendable, Equatable {
        /// Which system-call filter is used.
        public enum Seccomp: Sendable, Equatable {
            /// The default profile, fitted to the capabilities.
            case standard
            /// None.
            case unconfined
            /// A profile document, in the form of the runtime specification's `linux.seccomp`.
            case profile([UInt8])
        }

        /// Capabilities beyond the defaults, such as `CAP_NET_ADMIN`; `ALL` is all.
        public var addedCapabilities: [String] = []
        /// Capabilities taken from the defaults; `ALL` is all.
        public var droppedCapabilities: [String] = []
        /// Everything the host's root can do, devices included.
        public var privileged = false
        /// Whether execve(2) gains no privileges.
        public var noNewPrivileges = false
        /// The system-call filter.
        public var seccomp = Seccomp.standard

        /// The defaults.
        public init() {}
    }
}
