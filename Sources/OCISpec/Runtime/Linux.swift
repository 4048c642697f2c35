public import JSON

extension RuntimeConfiguration {
    /// `linux`: what is special to Linux (config-linux.md).
    public struct Linux: ConfigurationElement {
        /// How mounts of the root propagate; the names with r are recursive.
        public enum Propagation: String, Sendable, CaseIterable {
            case `private`, rprivate, shared, rshared, slave, rslave, unbindable, runbindable
        }

        /// The namespaces that the container has of its own or joins; those not named are the runtime's.
        public var namespaces: [Namespace] = []
        /// User ids of an own user namespace.
        public var uidMappings: [IDMapping] = []
        /// Group ids of an own user namespace.
        public var gidMappings: [IDMapping] = []
        /// Offsets of the clocks in an own time namespace, by clock (`monotonic`, `boottime`).
        public var timeOffsets: [String: TimeOffset] = [:]
        /// Device nodes made in the container beside the default ones.
        public var devices: [Device] = []
        /// Network devices moved into the container, by their name outside.
        public var netDevices: [String: NetworkDevice] = [:]
        /// The container's cgroup; absolute from the root of the hierarchy, or relative to the runtime's choice.
        public var cgroupsPath: String?
        /// Limits of the container's cgroup.
        public var resources: Resources?
        /// Cache and memory bandwidth allocation.
        public var intelRdt: IntelRdt?
        /// The NUMA memory policy (set_mempolicy(2)).
        public var memoryPolicy: MemoryPolicy?
        /// The execution domain (personality(2)).
        public var personality: Personality?
        /// How mounts of the root propagate.
        public var rootfsPropagation: Propagation?
        /// The system-call filter.
        public var seccomp: Seccomp?
        /// Kernel parameters, set in the container's namespaces.
        public var sysctl: [String: String] = [:]
        /// Paths inside that can't be read.
        public var maskedPaths: [String] = []
        /// Paths inside that can't be written.
        public var readonlyPaths: [String] = []
        /// The SELinux label of mounts.
        public var mountLabel: String?

        /// Nothing of its own.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "namespaces": namespaces = try Namespace.list(&value)
                case "uidMappings": uidMappings = try value.elements()
                case "gidMappings": gidMappings = try value.elements()
                case "devices": devices = try value.elements()
                case "cgroupsPath": cgroupsPath = try value.kernelText()
                case "resources": resources = try Resources(from: &value)
                case "rootfsPropagation": rootfsPropagation = try Self.propagation(&value)
                case "seccomp": seccomp = try Seccomp(from: &value)
                case "sysctl": sysctl = try value.kernelTextMap()
                case "maskedPaths": maskedPaths = try value.kernelTexts()
                case "readonlyPaths": readonlyPaths = try value.kernelTexts()
                default: try readRare(key, &value)
                }
            }
        }

        private mutating func readRare(_ key: String, _ value: inout JSONReader) throws {
            switch key {
            case "timeOffsets": timeOffsets = try TimeOffset.map(&value)
            case "netDevices": netDevices = try value.elementMap()
            case "intelRdt": intelRdt = try IntelRdt(from: &value)
            case "memoryPolicy": memoryPolicy = try MemoryPolicy(from: &value)
            case "personality": personality = try Personality(from: &value)
            case "mountLabel": mountLabel = try value.kernelText()
            default: try value.skip()
            }
        }

        /// An empty text is what Go writes for none.
        private static func propagation(_ reader: inout JSONReader) throws -> Propagation? {
            let text = try reader.kernelText()
            if text.isEmpty { return nil }
            guard let value = Propagation(rawValue: text) else {
                let known = Propagation.allCases.map(\.rawValue).joined(separator: ", ")
                throw reader.failure("unknown value \"\(text)\" (known: \(known))")
            }
            return value
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("uidMappings", elements: uidMappings)
                object.member("gidMappings", elements: gidMappings)
                object.member("timeOffsets", elementMap: timeOffsets)
                object.member("sysctl", unlessEmpty: sysctl)
                object.member("resources", element: resources)
                object.member("cgroupsPath", cgroupsPath)
                object.member("namespaces", elements: namespaces)
                object.member("devices", elements: devices)
                object.member("netDevices", elementMap: netDevices)
                object.member("seccomp", element: seccomp)
                object.member("rootfsPropagation", rootfsPropagation?.rawValue)
                object.member("maskedPaths", unlessEmpty: maskedPaths)
                object.member("readonlyPaths", unlessEmpty: readonlyPaths)
                object.member("mountLabel", mountLabel)
                object.member("intelRdt", element: intelRdt)
                object.member("memoryPolicy", element: memoryPolicy)
                object.member("personality", element: personality)
            }
        }
    }

    /// An element of `linux.namespaces`.
    public struct Namespace: ConfigurationElement {
        /// The kinds of namespaces(7).
        public enum Kind: String, Sendable, CaseIterable {
            case pid, network, mount, ipc, uts, user, cgroup, time
        }

        /// Which kind.
        public var type: Kind
        /// A file of the namespace to join; nil makes a new one.
        public var path: String?

        /// A new namespace, or the one at `path`.
        public init(type: Kind, path: String? = nil) {
            self.type = type
            self.path = path
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            var type: Kind?
            var path: String?
            try reader.members { key, value in
                switch key {
                case "type": type = try value.choice()
                case "path":
                    let text = try value.kernelText()
                    path = text.isEmpty ? nil : text
                    if let first = text.utf8.first, first != UInt8(ascii: "/") {
                        throw value.failure("\"\(text)\" is not an absolute path")
                    }
                default: try value.skip()
                }
            }
            guard let type else { throw reader.failure("the required member \"type\" is missing") }
            self.init(type: type, path: path)
        }

        /// Reads the list, in which each kind may stand once.
        static func list(_ reader: inout JSONReader) throws -> [Namespace] {
            var all: [Namespace] = []
            try reader.array { element in
                let next = try Namespace(from: &element)
                if all.contains(where: { $0.type == next.type }) {
                    throw element.failure("the \(next.type.rawValue) namespace stands twice")
                }
                all.append(next)
            }
            return all
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("type", type.rawValue)
                object.member("path", path)
            }
        }
    }

    /// A value of `linux.timeOffsets` (time_namespaces(7)).
    public struct TimeOffset: ConfigurationElement {
        /// Seconds.
        public var secs: Int64
        /// Nanoseconds, 0 to 999,999,999.
        public var nanosecs: UInt32

        /// An offset.
        public init(secs: Int64, nanosecs: UInt32 = 0) {
            self.secs = secs
            self.nanosecs = nanosecs
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(secs: 0)
            try reader.members { key, value in
                switch key {
                case "secs": secs = try value.integer()
                case "nanosecs": nanosecs = try value.integer(in: 0...999_999_999)
                default: try value.skip()
                }
            }
        }

        static func map(_ reader: inout JSONReader) throws -> [String: TimeOffset] {
            var offsets: [String: TimeOffset] = [:]
            try reader.object { key, value in
                guard key == "monotonic" || key == "boottime" else {
                    throw value.failure("unknown clock (known: monotonic, boottime)")
                }
                offsets[key] = try TimeOffset(from: &value)
            }
            return offsets
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("secs", secs)
                object.member("nanosecs", nanosecs)
            }
        }
    }
}
