public import JSON

extension RuntimeConfiguration {
    /// `process`: the program of the container and what it runs as.
    public struct Process: ConfigurationElement {
        /// Whether a terminal is attached.
        public var terminal = false
        /// The terminal's size in characters.
        public var consoleSize: ConsoleSize?
        /// The working folder inside the container, absolute.
        public var cwd: String
        /// `NAME=VALUE`, as of execve(2).
        public var env: [String]
        /// The program and its arguments.
        public var args: [String]
        /// Who runs it.
        public var user = User()
        /// The capability sets; nil keeps what the runtime has by default.
        public var capabilities: Capabilities?
        /// Resource limits, one of each type.
        public var rlimits: [ResourceLimit] = []
        /// Whether the process gains no privileges by execve(2).
        public var noNewPrivileges = false
        /// The AppArmor profile's name.
        public var apparmorProfile: String?
        /// The SELinux label of the process.
        public var selinuxLabel: String?
        /// -1000 to 1000; nil keeps the runtime's own.
        public var oomScoreAdj: Int32?
        /// The scheduling policy (sched_setattr(2)).
        public var scheduler: Scheduler?
        /// The input/output priority (ioprio_set(2)).
        public var ioPriority: IOPriority?
        /// The processors that `exec` starts and goes on with.
        public var execCPUAffinity: CPUAffinity?

        /// A process that runs `args`.
        public init(args: [String] = [], env: [String] = [], cwd: String = "/") {
            self.args = args
            self.env = env
            self.cwd = cwd
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(cwd: "")
            try reader.members { key, value in
                switch key {
                case "terminal": terminal = try value.bool()
                case "consoleSize": consoleSize = try ConsoleSize(from: &value)
                case "cwd": cwd = try Self.folder(&value)
                case "env": env = try value.kernelTexts()
                case "args": args = try value.kernelTexts()
                case "user": user = try User(from: &value)
                case "capabilities": capabilities = try Capabilities(from: &value)
                case "rlimits": rlimits = try Self.limits(&value)
                case "noNewPrivileges": noNewPrivileges = try value.bool()
                default: try readRare(key, &value)
                }
            }
            try reader.require("cwd", !cwd.isEmpty)
        }

        private mutating func readRare(_ key: String, _ value: inout JSONReader) throws {
            switch key {
            case "apparmorProfile": apparmorProfile = try value.kernelText()
            case "selinuxLabel": selinuxLabel = try value.kernelText()
            case "oomScoreAdj": oomScoreAdj = try value.integer(in: -1000...1000)
            case "scheduler": scheduler = try Scheduler(from: &value)
            case "ioPriority": ioPriority = try IOPriority(from: &value)
            case "execCPUAffinity": execCPUAffinity = try CPUAffinity(from: &value)
            default: try value.skip()
            }
        }

        private static func limits(_ reader: inout JSONReader) throws -> [ResourceLimit] {
            var types: Set<ResourceLimit.Kind> = []
            return try reader.list { reader in
                let limit = try ResourceLimit(from: &reader)
                guard types.insert(limit.type).inserted else {
                    throw reader.failure("a second limit of the type \(limit.type.rawValue)")
                }
                return limit
            }
        }

        private static func folder(_ reader: inout JSONReader) throws -> String {
            let path = try reader.kernelText()
            guard path.utf8.first == UInt8(ascii: "/") else {
                throw reader.failure("\"\(path)\" is not an absolute path")
            }
            return path
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                if terminal { object.member("terminal", true) }
                object.member("consoleSize", element: consoleSize)
                object.member("user", element: user)
                object.member("args", unlessEmpty: args)
                object.member("env", unlessEmpty: env)
                object.member("cwd", cwd)
                object.member("capabilities", element: capabilities)
                object.member("rlimits", elements: rlimits)
                if noNewPrivileges { object.member("noNewPrivileges", true) }
                object.member("apparmorProfile", apparmorProfile)
                object.member("selinuxLabel", selinuxLabel)
                object.member("oomScoreAdj", oomScoreAdj)
                object.member("scheduler", element: scheduler)
                object.member("ioPriority", element: ioPriority)
                object.member("execCPUAffinity", element: execCPUAffinity)
            }
        }
    }

    /// `process.consoleSize`, in characters.
    public struct ConsoleSize: ConfigurationElement {
        /// Rows.
        public var height: UInt16
        /// Columns.
        public var width: UInt16

        /// A size.
        public init(height: UInt16, width: UInt16) {
            self.height = height
            self.width = width
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(height: 0, width: 0)
            try reader.members { key, value in
                switch key {
                case "height": height = try value.integer()
                case "width": width = try value.integer()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("height", height)
                object.member("width", width)
            }
        }
    }

    /// `process.user`.
    public struct User: ConfigurationElement {
        /// The ids there are: to setresuid(2) and its kin the highest number means no change, which would leave root.
        public static let ids: ClosedRange<UInt32> = 0...UInt32.max - 1

        /// User id inside the container.
        public var uid: UInt32
        /// Group id inside the container.
        public var gid: UInt32
        /// The file mode creation mask; nil keeps the runtime's.
        public var umask: UInt32?
        /// Supplementary group ids.
        public var additionalGids: [UInt32]

        /// A user; root where nothing is said.
        public init(uid: UInt32 = 0, gid: UInt32 = 0, additionalGids: [UInt32] = []) {
            self.uid = uid
            self.gid = gid
            self.additionalGids = additionalGids
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init()
            try reader.members { key, value in
                switch key {
                case "uid": uid = try value.integer(in: Self.ids)
                case "gid": gid = try value.integer(in: Self.ids)
                case "umask": umask = try value.integer(in: 0...0o7777)
                case "additionalGids": additionalGids = try value.list { try $0.integer(in: Self.ids) }
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("uid", uid)
                object.member("gid", gid)
                object.member("umask", umask)
                object.member("additionalGids", integers: additionalGids)
            }
        }
    }

    /// `process.capabilities`: names such as `CAP_CHOWN` in each of the five sets (capabilities(7)).
    public struct Capabilities: ConfigurationElement {
        /// What is checked.
        public var effective: [String] = []
        /// What can be gained by execve(2) at all.
        public var bounding: [String] = []
        /// What is kept through execve(2) of a file with inheritable capabilities.
        public var inheritable: [String] = []
        /// What can be made effective.
        public var permitted: [String] = []
        /// What is kept through execve(2) of an ordinary file.
        public var ambient: [String] = []

        /// Empty sets.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "effective": effective = try value.kernelTexts()
                case "bounding": bounding = try value.kernelTexts()
                case "inheritable": inheritable = try value.kernelTexts()
                case "permitted": permitted = try value.kernelTexts()
                case "ambient": ambient = try value.kernelTexts()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("bounding", unlessEmpty: bounding)
                object.member("effective", unlessEmpty: effective)
                object.member("inheritable", unlessEmpty: inheritable)
                object.member("permitted", unlessEmpty: permitted)
                object.member("ambient", unlessEmpty: ambient)
            }
        }
    }
}
