/// Limits of a container's cgroup: `linux.resources` of the OCI runtime specification, field by field.
///
/// nil says nothing about a value; -1 is "no limit" where the specification says so.
public struct CgroupResources: Sendable, Equatable {
    /// Memory.
    public var memory = Memory()
    /// Processors.
    public var cpu = CPU()
    /// The number of tasks; negative is no limit.
    public var pids: Int64?
    /// ``pids`` as it is set: 1 for 0, which systemd refuses, and with which no process could be made in the group.
    public var taskLimit: Int64? { pids.map { $0 == 0 ? 1 : $0 } }
    /// Block devices.
    public var blockIO = BlockIO()
    /// Huge pages.
    public var hugepageLimits: [HugepageLimit] = []
    /// The net_cls class (cgroup v1).
    public var networkClassID: UInt32?
    /// net_prio priorities by interface (cgroup v1).
    public var networkPriorities: [(name: String, priority: UInt32)] = []
    /// RDMA limits by device.
    public var rdma: [RDMALimit] = []
    /// Files of cgroup v2, by name, and what is written to them.
    public var unified: [(file: String, value: String)] = []
    /// Device rules in order, later ones winning, from "nothing is allowed" on; empty leaves the
    /// devices as the parent group has them.
    public var devices: [CgroupDeviceRule] = []

    /// No limits.
    public init() {}

    /// Equal when every field is.
    public static func == (left: Self, right: Self) -> Bool {
        left.memory == right.memory && left.cpu == right.cpu && left.pids == right.pids
            && left.blockIO == right.blockIO && left.hugepageLimits == right.hugepageLimits
            && left.networkClassID == right.networkClassID && left.rdma == right.rdma
            && left.networkPriorities.elementsEqual(right.networkPriorities, by: ==)
            && left.unified.elementsEqual(right.unified, by: ==) && left.devices == right.devices
    }
}

extension CgroupResources {
    /// `linux.resources.memory`, in bytes.
    public struct Memory: Sendable, Equatable {
        /// The hard limit; -1 is none.
        public var limit: Int64?
        /// The soft limit; -1 is none.
        public var reservation: Int64?
        /// The limit of memory and swap together; -1 is none.
        public var swap: Int64?
        /// The limit of kernel memory: ignored, as the kernel has done since 5.16.
        public var kernel: Int64?
        /// The limit of TCP buffers (cgroup v1).
        public var kernelTCP: Int64?
        /// How eager the kernel swaps, 0 to 100 (cgroup v1).
        public var swappiness: UInt64?
        /// Whether the OOM killer is off (cgroup v1).
        public var disableOOMKiller: Bool?
        /// Whether child groups count: always so since 5.11, ignored.
        public var useHierarchy: Bool?
        /// Whether a limit below the present use is refused.
        public var checkBeforeUpdate: Bool?

        /// No limits.
        public init() {}

        /// The limit of both together that is meant; nil says nothing. Memory without a limit means swap without one.
        public var effectiveSwap: Int64? {
            if let swap, swap != 0 { return swap }
            return limit == -1 ? -1 : nil
        }
    }

    /// `linux.resources.cpu`; times in microseconds.
    public struct CPU: Sendable, Equatable {
        /// The relative share, 2 to 262144, 1024 being the usual one.
        public var shares: UInt64?
        /// Processor time in each period; -1 is no limit.
        public var quota: Int64?
        /// What may be saved up beyond the quota.
        public var burst: UInt64?
        /// The period.
        public var period: UInt64?
        /// Real-time scheduling in each real-time period (cgroup v1).
        public var realtimeRuntime: Int64?
        /// The real-time period (cgroup v1).
        public var realtimePeriod: UInt64?
        /// The processors, as of cpuset(7), such as `0-3,7`.
        public var cpus: String?
        /// The memory nodes, as of cpuset(7).
        public var mems: String?
        /// 1 for SCHED_IDLE, 0 for the usual.
        public var idle: Int64?

        /// No limits.
        public init() {}
    }

    /// `linux.resources.blockIO`.
    public struct BlockIO: Sendable, Equatable {
        /// The share, 10 to 1000.
        public var weight: UInt16?
        /// The share against child groups (cgroup v1).
        public var leafWeight: UInt16?
        /// Shares by device.
        public var weightDevice: [DeviceWeight] = []
        /// Bytes a second.
        public var throttleReadBpsDevice: [DeviceRate] = []
        /// Bytes a second.
        public var throttleWriteBpsDevice: [DeviceRate] = []
        /// Operations a second.
        public var throttleReadIOPSDevice: [DeviceRate] = []
        /// Operations a second.
        public var throttleWriteIOPSDevice: [DeviceRate] = []

        /// No limits.
        public init() {}
    }

    /// A block device's share.
    public struct DeviceWeight: Sendable, Equatable {
        /// The device's numbers.
        public var major: Int64, minor: Int64
        /// The share, 10 to 1000.
        public var weight: UInt16?
        /// The share against child groups (cgroup v1).
        public var leafWeight: UInt16?

        /// A share.
        public init(major: Int64, minor: Int64, weight: UInt16? = nil, leafWeight: UInt16? = nil) {
            self.major = major
            self.minor = minor
            self.weight = weight
            self.leafWeight = leafWeight
        }
    }

    /// A block device's limit a second.
    public struct DeviceRate: Sendable, Equatable {
        /// The device's numbers.
        public var major: Int64, minor: Int64
        /// Bytes or operations a second.
        public var rate: UInt64

        /// A limit.
        public init(major: Int64, minor: Int64, rate: UInt64) {
            self.major = major
            self.minor = minor
            self.rate = rate
        }
    }

    /// The limit of one size of huge pages.
    public struct HugepageLimit: Sendable, Equatable {
        /// Such as `2MB`, `64KB` or `1GB`.
        public var pageSize: String
        /// Bytes.
        public var limit: UInt64

        /// A limit.
        public init(pageSize: String, limit: UInt64) {
            self.pageSize = pageSize
            self.limit = limit
        }
    }

    /// The limits of one RDMA device.
    public struct RDMALimit: Sendable, Equatable {
        /// Such as `mlx5_1`.
        public var device: String
        /// Handles; nil is no limit.
        public var hcaHandles: UInt32?
        /// Objects; nil is no limit.
        public var hcaObjects: UInt32?

        /// A limit.
        public init(device: String, hcaHandles: UInt32? = nil, hcaObjects: UInt32? = nil) {
            self.device = device
            self.hcaHandles = hcaHandles
            self.hcaObjects = hcaObjects
        }
    }
}
