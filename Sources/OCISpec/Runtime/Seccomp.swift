public import JSON

extension RuntimeConfiguration {
    /// `linux.seccomp`: a system-call filter (config-linux.md, Seccomp).
    public struct Seccomp: ConfigurationElement {
        /// What happens to a call.
        public enum Action: String, Sendable, CaseIterable {
            case SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD
            case SCMP_ACT_TRAP, SCMP_ACT_TRACE, SCMP_ACT_LOG, SCMP_ACT_NOTIFY
        }
        /// An architecture's system-call table.
        public enum Architecture: String, Sendable, CaseIterable {
            case SCMP_ARCH_X86, SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_ARM, SCMP_ARCH_AARCH64, SCMP_ARCH_MIPS
            case SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32
            case SCMP_ARCH_PPC, SCMP_ARCH_PPC64, SCMP_ARCH_PPC64LE, SCMP_ARCH_S390, SCMP_ARCH_S390X, SCMP_ARCH_PARISC
            case SCMP_ARCH_PARISC64, SCMP_ARCH_RISCV64, SCMP_ARCH_LOONGARCH64, SCMP_ARCH_M68K, SCMP_ARCH_SH
            case SCMP_ARCH_SHEB
        }
        /// Flags of seccomp(2).
        public enum Flag: String, Sendable, CaseIterable {
            case SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW
            case SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
        }
        /// How an argument is compared.
        public enum Operator: String, Sendable, CaseIterable {
            case SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ
        }

        /// For calls that no rule matches.
        public var defaultAction: Action
        /// The errno of an ERRNO or TRACE default; nil is EPERM.
        public var defaultErrnoRet: UInt32?
        /// The architectures beside the native one.
        public var architectures: [Architecture] = []
        /// Flags of the filter.
        public var flags: [Flag] = []
        /// The Unix socket that receives the notification descriptor.
        public var listenerPath: String?
        /// Opaque data sent with it.
        public var listenerMetadata: String?
        /// The rules.
        public var syscalls: [Rule] = []

        /// A filter without rules.
        public init(defaultAction: Action) {
            self.defaultAction = defaultAction
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(defaultAction: .SCMP_ACT_ALLOW)
            var named = false
            try reader.members { key, value in
                switch key {
                case "defaultAction": (defaultAction, named) = (try value.choice(), true)
                case "defaultErrnoRet": defaultErrnoRet = try value.integer()
                case "architectures": architectures = try value.choices()
                case "flags": flags = try value.choices()
                case "listenerPath": listenerPath = try value.kernelText()
                case "listenerMetadata": listenerMetadata = try value.kernelText()
                case "syscalls": syscalls = try value.elements()
                default: try value.skip()
                }
            }
            try reader.require("defaultAction", named)
            if listenerPath ?? "" == "", listenerMetadata ?? "" != "" {
                throw reader.failure("listenerMetadata needs a listenerPath")
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("defaultAction", defaultAction.rawValue)
                object.member("defaultErrnoRet", defaultErrnoRet)
                object.member("architectures", choices: architectures)
                object.member("flags", choices: flags)
                object.member("listenerPath", listenerPath)
                object.member("listenerMetadata", listenerMetadata)
                object.member("syscalls", elements: syscalls)
            }
        }
    }
}

extension RuntimeConfiguration.Seccomp {
    /// An element of `linux.seccomp.syscalls`: an action for calls by name, where all arguments match.
    public struct Rule: ConfigurationElement {
        /// The calls, by name.
        public var names: [String]
        /// What happens to them.
        public var action: Action
        /// The errno of an ERRNO or TRACE action; nil is EPERM.
        public var errnoRet: UInt32?
        /// Comparisons that must all hold.
        public var args: [Argument]

        /// A rule.
        public init(names: [String], action: Action, errnoRet: UInt32? = nil, args: [Argument] = []) {
            self.names = names
            self.action = action
            self.errnoRet = errnoRet
            self.args = args
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(names: [], action: .SCMP_ACT_ALLOW)
            var named = false
            try reader.members { key, value in
                switch key {
                case "names": names = try value.kernelTexts()
                case "action": (action, named) = (try value.choice(), true)
                case "errnoRet": errnoRet = try value.integer()
                case "args": args = try value.elements()
                default: try value.skip()
                }
            }
            try reader.require("action", named)
            try reader.require("names", !names.isEmpty)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("names", names)
                object.member("action", action.rawValue)
                object.member("errnoRet", errnoRet)
                object.member("args", elements: args)
            }
        }
    }

    /// A comparison of one argument of a call.
    public struct Argument: ConfigurationElement {
        /// Which argument, 0 to 5.
        public var index: UInt32
        /// What it is compared with; the mask of SCMP_CMP_MASKED_EQ.
        public var value: UInt64
        /// The value of SCMP_CMP_MASKED_EQ.
        public var valueTwo: UInt64
        /// How.
        public var op: Operator

        /// A comparison.
        public init(index: UInt32, value: UInt64, valueTwo: UInt64 = 0, op: Operator) {
            self.index = index
            self.value = value
            self.valueTwo = valueTwo
            self.op = op
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(index: 0, value: 0, op: .SCMP_CMP_EQ)
            var (hasIndex, hasValue, hasOperator) = (false, false, false)
            try reader.members { key, member in
                switch key {
                case "index": (index, hasIndex) = (try member.integer(in: 0...5), true)
                case "value": (value, hasValue) = (try member.integer(), true)
                case "valueTwo": valueTwo = try member.integer()
                case "op": (op, hasOperator) = (try member.choice(), true)
                default: try member.skip()
                }
            }
            try reader.require("index", hasIndex)
            try reader.require("value", hasValue)
            try reader.require("op", hasOperator)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("index", index)
                object.member("value", value)
                if valueTwo != 0 { object.member("valueTwo", valueTwo) }
                object.member("op", op.rawValue)
            }
        }
    }
}
