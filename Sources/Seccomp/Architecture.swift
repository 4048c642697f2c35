/// Names for what this target's types share.
public enum Seccomp {}

extension Seccomp {
    /// A system-call convention, as seccomp_data.arch tells them apart.
    public enum Architecture: String, Sendable, CaseIterable {
        /// 64-bit x86.
        case x86_64 = "SCMP_ARCH_X86_64"
        /// 32-bit x86, reachable from 64-bit programs by int 0x80.
        case i386 = "SCMP_ARCH_X86"
        /// 32-bit pointers on x86-64: AUDIT_ARCH_X86_64 with bit 30 of the number set.
        case x32 = "SCMP_ARCH_X32"
        /// 64-bit ARM.
        case arm64 = "SCMP_ARCH_AARCH64"
        /// 32-bit ARM (EABI).
        case arm = "SCMP_ARCH_ARM"

        /// The architecture this program was built for.
        public static var native: Architecture {
            #if arch(arm64)
                .arm64
            #else
                .x86_64
            #endif
        }

        /// AUDIT_ARCH_* of linux/audit.h; x32 shares x86-64's.
        public var auditValue: UInt32 {
            switch self {
            case .x86_64, .x32: 0xc000_003e
            case .i386: 0x4000_0003
            case .arm64: 0xc000_00b7
            case .arm: 0x4000_0028
            }
        }

        /// The architecture itself and those whose programs its kernel also runs.
        public var family: [Architecture] {
            switch self {
            case .x86_64, .x32, .i386: [.x86_64, .i386, .x32]
            case .arm64, .arm: [.arm64, .arm]
            }
        }

        /// The column in the table of numbers.
        var column: Int {
            switch self {
            case .x86_64: 0
            case .i386: 1
            case .x32: 2
            case .arm64: 3
            case .arm: 4
            }
        }

        /// Whether arguments have 64 significant bits; elsewhere only the low half is compared, as libseccomp does.
        var hasWideArguments: Bool { self == .x86_64 || self == .arm64 }

        /// What the kernel puts on top of the table's number.
        var numberBit: UInt32 { self == .x32 ? 0x4000_0000 : 0 }
    }

    /// Architectures of the OCI specification that hako has no programs for: accepted in a profile, never matched.
    static let foreignArchitectures: Set<String> = [
        "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64",
        "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390",
        "SCMP_ARCH_S390X", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64",
        "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB",
    ]
}
