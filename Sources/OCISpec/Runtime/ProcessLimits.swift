public import JSON

extension RuntimeConfiguration {
    /// An element of `process.rlimits` (setrlimit(2)).
    public struct ResourceLimit: ConfigurationElement {
        /// The resources of getrlimit(2), by the kernel's names.
        public enum Kind: String, Sendable, CaseIterable {
            case RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK
            case RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME
            case RLIMIT_SIGPENDING, RLIMIT_STACK
        }

        /// Which resource.
        public var type: Kind
        /// The limit in force; all bits set means none.
        public var soft: UInt64
        /// The ceiling of the soft limit; all bits set means none.
        public var hard: UInt64

        /// A limit.
        public init(type: Kind, soft: UInt64, hard: UInt64) {
            self.type = type
            self.soft = soft
            self.hard = hard
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            var type: Kind?
            var soft: UInt64?
            var hard: UInt64?
            try reader.members { key, value in
                switch key {
                case "type": type = try value.choice()
                case "soft": soft = try value.integer()
                case "hard": hard = try value.integer()
                default: try value.skip()
                }
            }
            guard let type else { throw reader.failure("the required member \"type\" is missing") }
            guard let soft else { throw reader.failure("the required member \"soft\" is missing") }
            guard let hard else { throw reader.failure("the required member \"hard\" is missing") }
            self.init(type: type, soft: soft, hard: hard)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("type", type.rawValue)
                object.member("hard", hard)
                object.member("soft", soft)
            }
        }
    }

    /// `process.scheduler` (sched_setattr(2)).
    public struct Scheduler: ConfigurationElement {
        /// The kernel's scheduling policies.
        public enum Policy: String, Sendable, CaseIterable {
            case SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE
        }
        /// Flags of sched_setattr(2).
        public enum Flag: String, Sendable, CaseIterable {
            case SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY
            case SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX
        }

        /// The policy.
        public var policy: Policy
        /// -20 to 19, for SCHED_OTHER and SCHED_BATCH.
        public var nice: Int32?
        /// 1 to 99, for SCHED_FIFO and SCHED_RR.
        public var priority: Int32?
        /// Flags.
        public var flags: [Flag] = []
        /// Nanoseconds, for SCHED_DEADLINE.
        public var runtime: UInt64?
        /// Nanoseconds, for SCHED_DEADLINE.
        public var deadline: UInt64?
        /// Nanoseconds, for SCHED_DEADLINE.
        public var period: UInt64?

        /// A policy without parameters.
        public init(policy: Policy) {
            self.policy = policy
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(policy: .SCHED_OTHER)
            var named = false
            try reader.members { key, value in
                switch key {
                case "policy": (policy, named) = (try value.choice(), true)
                case "nice": nice = try value.integer(in: -20...19)
                case "priority": priority = try value.integer()
                case "flags": flags = try value.choices()
                case "runtime": runtime = try value.integer()
                case "deadline": deadline = try value.integer()
                case "period": period = try value.integer()
                default: try value.skip()
                }
            }
            try reader.require("policy", named)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("policy", policy.rawValue)
                object.member("nice", nice)
                object.member("priority", priority)
                object.member("flags", choices: flags)
                object.member("runtime", runtime)
                object.member("deadline", deadline)
                object.member("period", period)
            }
        }
    }

    /// `process.ioPriority` (ioprio_set(2)).
    public struct IOPriority: ConfigurationElement {
        /// The kernel's classes.
        public enum Class: String, Sendable, CaseIterable {
            case IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE
        }

        /// The class.
        public var `class`: Class
        /// 0 (highest) to 7.
        public var priority: Int32

        /// A class and a priority in it.
        public init(class: Class, priority: Int32) {
            self.class = `class`
            self.priority = priority
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            var kind: Class?
            var priority: Int32?
            try reader.members { key, value in
                switch key {
                case "class": kind = try value.choice()
                case "priority": priority = try value.integer(in: 0...7)
                default: try value.skip()
                }
            }
            guard let kind else { throw reader.failure("the required member \"class\" is missing") }
            guard let priority else { throw reader.failure("the required member \"priority\" is missing") }
            self.init(class: kind, priority: priority)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("class", `class`.rawValue)
                object.member("priority", priority)
            }
        }
    }

    /// `process.execCPUAffinity`: lists of processors as of cpuset(7), such as `0-3,7`.
    public struct CPUAffinity: ConfigurationElement {
        /// Until the process has been moved to the container's cgroup.
        public var initial: String?
        /// From then on.
        public var final: String?

        /// No affinity.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "initial": initial = try value.kernelText()
                case "final": final = try value.kernelText()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("initial", initial)
                object.member("final", final)
            }
        }
    }
}
