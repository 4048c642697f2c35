/// One classic BPF instruction, laid out as the kernel's struct sock_filter.
public struct BPFInstruction: Equatable, Sendable {
    /// Operation and addressing mode (linux/filter.h).
    public var code: UInt16
    /// How many instructions to skip where a comparison holds.
    public var ifTrue: UInt8
    /// How many instructions to skip where it does not.
    public var ifFalse: UInt8
    /// The operand.
    public var operand: UInt32

    static let load: UInt16 = 0x20
    static let jump: UInt16 = 0x05
    static let jumpEqual: UInt16 = 0x15
    static let jumpGreater: UInt16 = 0x25
    static let jumpGreaterOrEqual: UInt16 = 0x35
    static let and: UInt16 = 0x54
    static let result: UInt16 = 0x06
}

/// A compiled filter, ready for seccomp(SECCOMP_SET_MODE_FILTER).
public struct BPFProgram: Sendable {
    /// The instructions, at most 4096 (BPF_MAXINSNS), in the layout the kernel reads.
    public let instructions: [BPFInstruction]
    /// `SECCOMP_FILTER_FLAG_*` bits; NEW_LISTENER is among them where a rule says SCMP_ACT_NOTIFY.
    public let flags: UInt32
    /// Names that were skipped because no architecture of the filter has such a call.
    public let warnings: [String]

    /// Whether loading the filter gives a listener descriptor that somebody must answer on.
    public var needsListener: Bool { flags & 8 != 0 }
}
