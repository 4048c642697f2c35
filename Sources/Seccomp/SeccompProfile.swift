/// A seccomp profile: `linux.seccomp` of the OCI runtime specification, field by field.
///
/// Strings are kept as they were written; ``compile(_:native:)`` judges them.
public struct SeccompProfile: Sendable, Equatable {
    /// One entry of `syscalls`: what happens to the named calls where every comparison holds.
    public struct Rule: Sendable, Equatable {
        /// System-call names; a name that no architecture of the filter knows is skipped with a warning.
        public var names: [String]
        /// `SCMP_ACT_*`.
        public var action: String
        /// The errno of SCMP_ACT_ERRNO or the data of SCMP_ACT_TRACE; nil is EPERM.
        public var errnoRet: UInt32?
        /// Comparisons that must all hold; empty: always.
        public var args: [Comparison]

        /// Makes a rule.
        public init(names: [String], action: String, errnoRet: UInt32? = nil, args: [Comparison] = []) {
            self.names = names
            self.action = action
            self.errnoRet = errnoRet
            self.args = args
        }
    }

    /// A comparison of one argument, unsigned, 64 bits wide (32 on 32-bit conventions).
    public struct Comparison: Sendable, Equatable {
        /// The argument, 0 to 5.
        public var index: UInt32
        /// The value compared with, or the mask of SCMP_CMP_MASKED_EQ.
        public var value: UInt64
        /// What the masked argument must equal; used by SCMP_CMP_MASKED_EQ only.
        public var valueTwo: UInt64
        /// `SCMP_CMP_NE`, `LT`, `LE`, `EQ`, `GE`, `GT` or `MASKED_EQ`.
        public var op: String

        /// Makes a comparison.
        public init(index: UInt32, value: UInt64, valueTwo: UInt64 = 0, op: String) {
            self.index = index
            self.value = value
            self.valueTwo = valueTwo
            self.op = op
        }
    }

    /// `SCMP_ACT_*` for calls that no rule decides.
    public var defaultAction: String
    /// The errno of an SCMP_ACT_ERRNO default; nil is EPERM.
    public var defaultErrnoRet: UInt32?
    /// `SCMP_ARCH_*`; the native architecture always counts as listed.
    public var architectures: [String]
    /// `SECCOMP_FILTER_FLAG_*`.
    public var flags: [String]
    /// The socket that gets the descriptor of SCMP_ACT_NOTIFY's listener.
    public var listenerPath: String?
    /// Opaque data sent along with the listener.
    public var listenerMetadata: String?
    /// The rules, in the document's order.
    public var rules: [Rule]

    /// Makes a profile.
    public init(
        defaultAction: String, defaultErrnoRet: UInt32? = nil, architectures: [String] = [], flags: [String] = [],
        listenerPath: String? = nil, listenerMetadata: String? = nil, rules: [Rule] = []
    ) {
        self.defaultAction = defaultAction
        self.defaultErrnoRet = defaultErrnoRet
        self.architectures = architectures
        self.flags = flags
        self.listenerPath = listenerPath
        self.listenerMetadata = listenerMetadata
        self.rules = rules
    }
}
