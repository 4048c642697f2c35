public import JSON

extension RuntimeConfiguration {
    /// The kinds of device: `a` all (in rules only), `b` block, `c` and `u` character, `p` FIFO (in nodes only).
    public enum DeviceKind: String, Sendable, CaseIterable {
        case all = "a"
        case block = "b"
        case character = "c"
        case unbuffered = "u"
        case fifo = "p"
    }

    /// An element of `linux.devices`: a node to make.
    public struct Device: ConfigurationElement {
        /// Block, character or FIFO.
        public var type: DeviceKind
        /// Where, inside the container.
        public var path: String
        /// Major number; unused for a FIFO.
        public var major: Int64
        /// Minor number; unused for a FIFO.
        public var minor: Int64
        /// Permission bits.
        public var fileMode: UInt32?
        /// Owner inside the container.
        public var uid: UInt32?
        /// Group inside the container.
        public var gid: UInt32?

        /// A node.
        public init(type: DeviceKind, path: String, major: Int64, minor: Int64, fileMode: UInt32? = nil) {
            self.type = type
            self.path = path
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(type: .all, path: "", major: 0, minor: 0)
            var numbers = (major: false, minor: false)
            try reader.members { key, value in
                switch key {
                case "type": type = try value.choice()
                case "path": path = try value.kernelText()
                case "major": (major, numbers.major) = (try value.integer(), true)
                case "minor": (minor, numbers.minor) = (try value.integer(), true)
                case "fileMode": fileMode = try value.integer()
                case "uid": uid = try value.integer()
                case "gid": gid = try value.integer()
                default: try value.skip()
                }
            }
            try reader.require("path", !path.isEmpty)
            if type == .all { throw reader.failure("the member \"type\" must be one of b, c, u, p") }
            if type != .fifo {
                try reader.require("major", numbers.major)
                try reader.require("minor", numbers.minor)
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("path", path)
                object.member("type", type.rawValue)
                object.member("major", major)
                object.member("minor", minor)
                object.member("fileMode", fileMode)
                object.member("uid", uid)
                object.member("gid", gid)
            }
        }
    }

    /// An element of `linux.resources.devices`: a rule of the device cgroup, later ones winning.
    public struct DeviceRule: ConfigurationElement {
        /// Whether the rule allows or denies.
        public var allow: Bool
        /// Which kind; all where nil.
        public var type: DeviceKind?
        /// Major number; all where nil.
        public var major: Int64?
        /// Minor number; all where nil.
        public var minor: Int64?
        /// Of `r` read, `w` write, `m` mknod; all where nil.
        public var access: String?

        /// A rule.
        public init(
            allow: Bool, type: DeviceKind? = nil, major: Int64? = nil, minor: Int64? = nil, access: String? = nil
        ) {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(allow: false)
            var hasAllow = false
            try reader.members { key, value in
                switch key {
                case "allow":
                    allow = try value.bool()
                    hasAllow = true
                case "type": type = try Self.kind(&value)
                case "major": major = try value.integer()
                case "minor": minor = try value.integer()
                case "access": access = try Self.access(&value)
                default: try value.skip()
                }
            }
            try reader.require("allow", hasAllow)
        }

        private static func kind(_ reader: inout JSONReader) throws -> DeviceKind? {
            let text = try reader.kernelText()
            if text.isEmpty { return nil }
            guard let kind = DeviceKind(rawValue: text), kind != .fifo else {
                throw reader.failure("unknown value \"\(text)\" (known: a, b, c, u)")
            }
            return kind
        }

        private static func access(_ reader: inout JSONReader) throws -> String? {
            let text = try reader.kernelText()
            for letter in text.utf8 where !"rwm".utf8.contains(letter) {
                throw reader.failure("\"\(text)\" may hold only the letters r, w and m")
            }
            return text.isEmpty ? nil : text
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("allow", allow)
                object.member("type", type?.rawValue)
                object.member("major", major)
                object.member("minor", minor)
                object.member("access", access)
            }
        }
    }

    /// A value of `linux.netDevices`: what a moved network device is called inside.
    public struct NetworkDevice: ConfigurationElement {
        /// The name inside; nil keeps it.
        public var name: String?

        /// A device that takes `name`.
        public init(name: String? = nil) {
            self.name = name
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "name": name = try value.kernelText()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in object.member("name", name) }
        }
    }
}
