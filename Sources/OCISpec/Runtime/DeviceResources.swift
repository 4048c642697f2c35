public import JSON

extension RuntimeConfiguration.Resources {
    /// `linux.resources.blockIO`.
    public struct BlockIO: ConfigurationElement {
        /// The relative weight, 10 to 1000.
        public var weight: UInt16?
        /// The relative weight against child groups, 10 to 1000 (cgroup v1).
        public var leafWeight: UInt16?
        /// Weights by device.
        public var weightDevice: [DeviceWeight] = []
        /// Bytes read a second, by device.
        public var throttleReadBpsDevice: [DeviceRate] = []
        /// Bytes written a second, by device.
        public var throttleWriteBpsDevice: [DeviceRate] = []
        /// Reads a second, by device.
        public var throttleReadIOPSDevice: [DeviceRate] = []
        /// Writes a second, by device.
        public var throttleWriteIOPSDevice: [DeviceRate] = []

        /// No limits.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "weight": weight = try value.integer()
                case "leafWeight": leafWeight = try value.integer()
                case "weightDevice": weightDevice = try value.elements()
                case "throttleReadBpsDevice": throttleReadBpsDevice = try value.elements()
                case "throttleWriteBpsDevice": throttleWriteBpsDevice = try value.elements()
                case "throttleReadIOPSDevice": throttleReadIOPSDevice = try value.elements()
                case "throttleWriteIOPSDevice": throttleWriteIOPSDevice = try value.elements()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("weight", weight)
                object.member("leafWeight", leafWeight)
                object.member("weightDevice", elements: weightDevice)
                object.member("throttleReadBpsDevice", elements: throttleReadBpsDevice)
                object.member("throttleWriteBpsDevice", elements: throttleWriteBpsDevice)
                object.member("throttleReadIOPSDevice", elements: throttleReadIOPSDevice)
                object.member("throttleWriteIOPSDevice", elements: throttleWriteIOPSDevice)
            }
        }
    }

    /// A block device's weight.
    public struct DeviceWeight: ConfigurationElement {
        /// Major number.
        public var major: Int64
        /// Minor number.
        public var minor: Int64
        /// The relative weight, 10 to 1000.
        public var weight: UInt16?
        /// The relative weight against child groups (cgroup v1).
        public var leafWeight: UInt16?

        /// A weight.
        public init(major: Int64, minor: Int64, weight: UInt16? = nil) {
            self.major = major
            self.minor = minor
            self.weight = weight
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(major: 0, minor: 0)
            var (hasMajor, hasMinor) = (false, false)
            try reader.members { key, value in
                switch key {
                case "major": (major, hasMajor) = (try value.integer(), true)
                case "minor": (minor, hasMinor) = (try value.integer(), true)
                case "weight": weight = try value.integer()
                case "leafWeight": leafWeight = try value.integer()
                default: try value.skip()
                }
            }
            try reader.require("major", hasMajor)
            try reader.require("minor", hasMinor)
            if weight == nil, leafWeight == nil { throw reader.failure("neither weight nor leafWeight is given") }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("major", major)
                object.member("minor", minor)
                object.member("weight", weight)
                object.member("leafWeight", leafWeight)
            }
        }
    }

    /// A block device's rate.
    public struct DeviceRate: ConfigurationElement {
        /// Major number.
        public var major: Int64
        /// Minor number.
        public var minor: Int64
        /// Bytes or operations a second.
        public var rate: UInt64

        /// A rate.
        public init(major: Int64, minor: Int64, rate: UInt64) {
            self.major = major
            self.minor = minor
            self.rate = rate
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(major: 0, minor: 0, rate: 0)
            var (hasMajor, hasMinor, hasRate) = (false, false, false)
            try reader.members { key, value in
                switch key {
                case "major": (major, hasMajor) = (try value.integer(), true)
                case "minor": (minor, hasMinor) = (try value.integer(), true)
                case "rate": (rate, hasRate) = (try value.integer(), true)
                default: try value.skip()
                }
            }
            try reader.require("major", hasMajor)
            try reader.require("minor", hasMinor)
            try reader.require("rate", hasRate)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("major", major)
                object.member("minor", minor)
                object.member("rate", rate)
            }
        }
    }

    /// An element of `linux.resources.hugepageLimits`.
    public struct HugepageLimit: ConfigurationElement {
        /// Such as `2MB` or `1GB`.
        public var pageSize: String
        /// Bytes.
        public var limit: UInt64

        /// A limit.
        public init(pageSize: String, limit: UInt64) {
            self.pageSize = pageSize
            self.limit = limit
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(pageSize: "", limit: 0)
            try reader.members { key, value in
                switch key {
                case "pageSize": pageSize = try value.kernelText()
                case "limit": limit = try value.integer()
                default: try value.skip()
                }
            }
            try reader.require("pageSize", !pageSize.isEmpty)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("pageSize", pageSize)
                object.member("limit", limit)
            }
        }
    }

    /// `linux.resources.network` (cgroup v1).
    public struct Network: ConfigurationElement {
        /// The class of the container's packets.
        public var classID: UInt32?
        /// Priorities by interface.
        public var priorities: [Priority] = []

        /// Nothing set.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "classID": classID = try value.integer()
                case "priorities": priorities = try value.elements()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("classID", classID)
                object.member("priorities", elements: priorities)
            }
        }

        /// The priority of packets through one interface.
        public struct Priority: ConfigurationElement {
            /// The interface.
            public var name: String
            /// The priority.
            public var priority: UInt32

            /// A priority.
            public init(name: String, priority: UInt32) {
                self.name = name
                self.priority = priority
            }

            /// Reads the next value.
            public init(from reader: inout JSONReader) throws {
                self.init(name: "", priority: 0)
                try reader.members { key, value in
                    switch key {
                    case "name": name = try value.kernelText()
                    case "priority": priority = try value.integer()
                    default: try value.skip()
                    }
                }
            }

            /// Writes the object.
            public func write(to writer: inout JSONWriter) {
                writer.object { object in
                    object.member("name", name)
                    object.member("priority", priority)
                }
            }
        }
    }

    /// A value of `linux.resources.rdma`.
    public struct RDMA: ConfigurationElement {
        /// Number of handles.
        public var hcaHandles: UInt32?
        /// Number of objects.
        public var hcaObjects: UInt32?

        /// No limits.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "hcaHandles": hcaHandles = try value.integer()
                case "hcaObjects": hcaObjects = try value.integer()
                default: try value.skip()
                }
            }
            if hcaHandles == nil, hcaObjects == nil {
                throw reader.failure("neither hcaHandles nor hcaObjects is given")
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("hcaHandles", hcaHandles)
                object.member("hcaObjects", hcaObjects)
            }
        }
    }
}
