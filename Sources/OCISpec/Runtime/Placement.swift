public import JSON

extension RuntimeConfiguration {
    /// `linux.intelRdt`: cache and memory bandwidth allocation (resctrl).
    public struct IntelRdt: ConfigurationElement {
        /// The class of service; nil makes one for the container.
        public var closID: String?
        /// Lines written to the class's schemata file.
        public var schemata: [String] = []
        /// The schema of the L3 cache.
        public var l3CacheSchema: String?
        /// The schema of the memory bandwidth.
        public var memBwSchema: String?
        /// Whether cache and bandwidth are monitored.
        public var enableMonitoring: Bool?

        /// Nothing set.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "closID": closID = try value.kernelText()
                case "schemata": schemata = try value.kernelTexts()
                case "l3CacheSchema": l3CacheSchema = try value.kernelText()
                case "memBwSchema": memBwSchema = try value.kernelText()
                case "enableMonitoring": enableMonitoring = try value.bool()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("closID", closID)
                object.member("schemata", unlessEmpty: schemata)
                object.member("l3CacheSchema", l3CacheSchema)
                object.member("memBwSchema", memBwSchema)
                object.member("enableMonitoring", enableMonitoring)
            }
        }
    }

    /// `linux.memoryPolicy` (set_mempolicy(2)).
    public struct MemoryPolicy: ConfigurationElement {
        /// The modes of set_mempolicy(2).
        public enum Mode: String, Sendable, CaseIterable {
            case MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED
            case MPOL_PREFERRED_MANY, MPOL_LOCAL
        }
        /// The flags of set_mempolicy(2).
        public enum Flag: String, Sendable, CaseIterable {
            case MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES
        }

        /// The mode.
        public var mode: Mode
        /// The nodes, as of cpuset(7), such as `0-1`.
        public var nodes: String?
        /// Flags.
        public var flags: [Flag] = []

        /// A mode without nodes.
        public init(mode: Mode) {
            self.mode = mode
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(mode: .MPOL_DEFAULT)
            var named = false
            try reader.members { key, value in
                switch key {
                case "mode": (mode, named) = (try value.choice(), true)
                case "nodes": nodes = try value.kernelText()
                case "flags": flags = try value.choices()
                default: try value.skip()
                }
            }
            try reader.require("mode", named)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("mode", mode.rawValue)
                object.member("nodes", nodes)
                object.member("flags", choices: flags)
            }
        }
    }

    /// `linux.personality` (personality(2)).
    public struct Personality: ConfigurationElement {
        /// The execution domains of the specification.
        public enum Domain: String, Sendable, CaseIterable {
            case LINUX, LINUX32
        }

        /// The domain.
        public var domain: Domain
        /// Flags; the specification defines none yet.
        public var flags: [String] = []

        /// A domain.
        public init(domain: Domain) {
            self.domain = domain
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(domain: .LINUX)
            var named = false
            try reader.members { key, value in
                switch key {
                case "domain": (domain, named) = (try value.choice(), true)
                case "flags": flags = try value.kernelTexts()
                default: try value.skip()
                }
            }
            try reader.require("domain", named)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("domain", domain.rawValue)
                object.member("flags", unlessEmpty: flags)
            }
        }
    }
}
