public import JSON

extension RuntimeConfiguration {
    /// `linux.resources`: limits of the container's cgroup.
    public struct Resources: ConfigurationElement {
        /// Device rules, later ones winning.
        public var devices: [DeviceRule] = []
        /// Memory.
        public var memory: Memory?
        /// Processors.
        public var cpu: CPU?
        /// Number of tasks.
        public var pids: Pids?
        /// Block devices.
        public var blockIO: BlockIO?
        /// Huge pages, by page size.
        public var hugepageLimits: [HugepageLimit] = []
        /// Network classes and priorities (cgroup v1).
        public var network: Network?
        /// RDMA limits by device.
        public var rdma: [String: RDMA] = [:]
        /// Files of cgroup v2, by name, and what is written to them.
        public var unified: [String: String] = [:]

        /// No limits.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "devices": devices = try value.elements()
                case "memory": memory = try Memory(from: &value)
                case "cpu": cpu = try CPU(from: &value)
                case "pids": pids = try Pids(from: &value)
                case "blockIO": blockIO = try BlockIO(from: &value)
                case "hugepageLimits": hugepageLimits = try value.elements()
                case "network": network = try Network(from: &value)
                case "rdma": rdma = try value.elementMap()
                case "unified": unified = try value.kernelTextMap()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("devices", elements: devices)
                object.member("memory", element: memory)
                object.member("cpu", element: cpu)
                object.member("pids", element: pids)
                object.member("blockIO", element: blockIO)
                object.member("hugepageLimits", elements: hugepageLimits)
                object.member("network", element: network)
                object.member("rdma", elementMap: rdma)
                object.member("unified", unlessEmpty: unified)
            }
        }
    }
}

extension RuntimeConfiguration.Resources {
    /// `linux.resources.memory`, in bytes; -1 is no limit.
    public struct Memory: ConfigurationElement {
        /// The hard limit.
        public var limit: Int64?
        /// The soft limit.
        public var reservation: Int64?
        /// The limit of memory and swap together.
        public var swap: Int64?
        /// The limit of kernel memory (not recommended by the specification).
        public var kernel: Int64?
        /// The limit of TCP buffers (not recommended by the specification).
        public var kernelTCP: Int64?
        /// How eager the kernel swaps, 0 to 100.
        public var swappiness: UInt64?
        /// Whether the OOM killer is off (cgroup v1).
        public var disableOOMKiller: Bool?
        /// Whether child groups count (cgroup v1).
        public var useHierarchy: Bool?
        /// Whether an update that is under the present use is refused.
        public var checkBeforeUpdate: Bool?

        /// No limits.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "limit": limit = try value.integer()
                case "reservation": reservation = try value.integer()
                case "swap": swap = try value.integer()
                case "kernel": kernel = try value.integer()
                case "kernelTCP": kernelTCP = try value.integer()
                case "swappiness": swappiness = try value.integer()
                case "disableOOMKiller": disableOOMKiller = try value.bool()
                case "useHierarchy": useHierarchy = try value.bool()
                case "checkBeforeUpdate": checkBeforeUpdate = try value.bool()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("limit", limit)
                object.member("reservation", reservation)
                object.member("swap", swap)
                object.member("kernel", kernel)
                object.member("kernelTCP", kernelTCP)
                object.member("swappiness", swappiness)
                object.member("disableOOMKiller", disableOOMKiller)
                object.member("useHierarchy", useHierarchy)
                object.member("checkBeforeUpdate", checkBeforeUpdate)
            }
        }
    }

    /// `linux.resources.cpu`.
    public struct CPU: ConfigurationElement {
        /// The relative share, 1024 being the usual one.
        public var shares: UInt64?
        /// Microseconds of processor time in each period; -1 is no limit.
        public var quota: Int64?
        /// Microseconds that may be saved up beyond the quota.
        public var burst: UInt64?
        /// Microseconds.
        public var period: UInt64?
        /// Microseconds of real-time scheduling in each real-time period.
        public var realtimeRuntime: Int64?
        /// Microseconds.
        public var realtimePeriod: UInt64?
        /// The processors, as of cpuset(7), such as `0-3,7`.
        public var cpus: String?
        /// The memory nodes, as of cpuset(7).
        public var mems: String?
        /// 1 for SCHED_IDLE, 0 for the usual.
        public var idle: Int64?

        /// No limits.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "shares": shares = try value.integer()
                case "quota": quota = try value.integer()
                case "burst": burst = try value.integer()
                case "period": period = try value.integer()
                case "realtimeRuntime": realtimeRuntime = try value.integer()
                case "realtimePeriod": realtimePeriod = try value.integer()
                case "cpus": cpus = try value.kernelText()
                case "mems": mems = try value.kernelText()
                case "idle": idle = try value.integer()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("shares", shares)
                object.member("quota", quota)
                object.member("burst", burst)
                object.member("period", period)
                object.member("realtimeRuntime", realtimeRuntime)
                object.member("realtimePeriod", realtimePeriod)
                object.member("cpus", cpus)
                object.member("mems", mems)
                object.member("idle", idle)
            }
        }
    }

    /// `linux.resources.pids`.
    public struct Pids: ConfigurationElement {
        /// The number of tasks; -1 is no limit, nil says nothing, and so does 0 in documents before version 1.3.
        public var limit: Int64?

        /// A limit.
        public init(limit: Int64? = nil) {
            self.limit = limit
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "limit": limit = try value.integer()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in object.member("limit", limit) }
        }
    }
}
