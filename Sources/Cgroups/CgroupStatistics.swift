/// What a group uses and has used.
///
/// Bytes, nanoseconds and counts. A value that this host does not count is 0 or empty.
public struct CgroupStatistics: Sendable, Equatable {
    /// Processor time.
    public var cpu = CPU()
    /// Where processes may run (cgroup v1); nil where there is no such controller.
    public var cpuset: Cpuset?
    /// Memory.
    public var memory = Memory()
    /// Tasks.
    public var pids = Pids()
    /// Block devices.
    public var blockIO = BlockIO()
    /// Huge pages by their size, such as `2MB`.
    public var hugepages: [String: Counter] = [:]

    /// A resource with a limit.
    public struct Counter: Sendable, Equatable {
        /// The limit as the kernel says it: without one, v1's is the highest number of whole pages, v2's the highest
        /// number.
        public var limit: UInt64 = 0
        /// In use now.
        public var usage: UInt64 = 0
        /// The most that has been in use.
        public var peak: UInt64 = 0
        /// How often the limit was hit.
        public var failures: UInt64 = 0

        /// Nothing counted.
        public init() {}
    }

    /// Processor time in nanoseconds.
    public struct CPU: Sendable, Equatable {
        /// All of it.
        public var total: UInt64 = 0
        /// In the kernel.
        public var kernel: UInt64 = 0
        /// In programs.
        public var user: UInt64 = 0
        /// By processor (cgroup v1).
        public var perProcessor: [UInt64] = []
        /// In the kernel, by processor (cgroup v1).
        public var perProcessorKernel: [UInt64] = []
        /// In programs, by processor (cgroup v1).
        public var perProcessorUser: [UInt64] = []
        /// Periods of the quota that have passed.
        public var periods: UInt64 = 0
        /// Periods in which the quota was used up.
        public var throttledPeriods: UInt64 = 0
        /// How long processes waited for the next period.
        public var throttledTime: UInt64 = 0
        /// Waiting for a processor (cgroup v2).
        public var pressure: Pressure?
    }

    /// cpuset's files (cgroup v1, cpuset(7)).
    public struct Cpuset: Sendable, Equatable {
        /// The processors.
        public var cpus: [UInt16] = []
        /// The memory nodes.
        public var mems: [UInt16] = []
        /// The other files' values by their names without `cpuset.`.
        public var flags: [String: Int64] = [:]

        /// Nothing known.
        public init() {}
    }

    /// Memory in bytes.
    public struct Memory: Sendable, Equatable {
        /// The page cache's part.
        public var cache: UInt64 = 0
        /// Memory, with the page cache.
        public var usage = Counter()
        /// Memory and swap together, on v2 too.
        public var swap = Counter()
        /// The kernel's part (cgroup v1).
        public var kernel = Counter()
        /// TCP buffers (cgroup v1).
        public var kernelTCP = Counter()
        /// memory.stat.
        public var raw: [String: UInt64] = [:]
        /// How many processes the OOM killer has ended.
        public var oomKills: UInt64 = 0
        /// Waiting for memory (cgroup v2).
        public var pressure: Pressure?
    }

    /// Tasks.
    public struct Pids: Sendable, Equatable {
        /// How many there are.
        public var current: UInt64 = 0
        /// The limit; 0 for none.
        public var limit: UInt64 = 0
    }

    /// Block devices: lists by what is counted.
    public struct BlockIO: Sendable, Equatable {
        /// A count of one device.
        public struct Entry: Sendable, Equatable {
            /// The device's numbers.
            public var major: UInt64, minor: UInt64
            /// `Read`, `Write`, `Sync`, …; empty where operations are not told apart.
            public var operation: String
            /// The count.
            public var value: UInt64
        }

        /// What can be counted; the raw values are the names in the kernel's files.
        public enum Kind: String, Sendable, CaseIterable {
            case bytes = "io_service_bytes", operations = "io_serviced", queued = "io_queued"
            case serviceTime = "io_service_time", waitTime = "io_wait_time", merged = "io_merged", time, sectors
        }

        /// The counts; what this host does not count is missing.
        public var counts: [Kind: [Entry]] = [:]
        /// Waiting for input and output (cgroup v2).
        public var pressure: Pressure?
    }

    /// Pressure stall information (kernel's accounting/psi.rst).
    public struct Pressure: Sendable, Equatable {
        /// The share of time lost and the sum of it.
        public struct Line: Sendable, Equatable {
            /// Percent of the last 10, 60 and 300 seconds, as the kernel writes it: `0.25`.
            public var averages: [String] = []
            /// Microseconds in all.
            public var total: UInt64 = 0
        }

        /// Some process waited.
        public var some = Line()
        /// All processes waited.
        public var full = Line()
    }
}
