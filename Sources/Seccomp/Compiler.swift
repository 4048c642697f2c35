internal import Support

extension Seccomp {
    /// Compiles a profile into a filter for programs of `native` and the conventions the profile lists.
    ///
    /// What decides a call:
    /// - a convention that is not listed (the native one always is): KILL_PROCESS;
    /// - a rule without comparisons, the first one where there are several, whatever else names the call;
    /// - otherwise the first rule, in document order, whose comparisons all hold. A rule that compares one argument
    ///   twice counts as one rule per comparison, and a rule whose action equals the default is left out: both
    ///   as runc and crun do it;
    /// - otherwise the default action; but where that denies, a number above the highest that the profile names
    ///   gets ENOSYS, so that a libc's probe for a newer call falls back (runc's rule). ALLOW, LOG and TRACE
    ///   defaults are left alone.
    ///
    /// On i386 a rule without comparisons for a socket or System V call also covers the call's form through
    /// `socketcall` or `ipc`; a rule with comparisons can't, because there the arguments are in memory.
    ///
    /// - Throws: ``RuntimeError`` `invalidArgument` naming the field, `resourceExhausted` above 4096 instructions.
    public static func compile(
        _ profile: SeccompProfile, native: Architecture = .native
    ) throws -> BPFProgram {
        var resolver = try RuleResolver(profile, native: native)
        try resolver.resolve(profile.rules)
        var assembler = Assembler()
        ProgramWriter(resolver).write(into: &assembler)
        guard assembler.reversed.count <= 4096 else {
            throw RuntimeError(
                .resourceExhausted,
                "seccomp filter has \(assembler.reversed.count) instructions, the kernel takes 4096")
        }
        return BPFProgram(
            instructions: assembler.instructions, flags: try flagBits(profile, notifies: resolver.notifies),
            warnings: resolver.warnings)
    }

    private static func flagBits(_ profile: SeccompProfile, notifies: Bool) throws -> UInt32 {
        var bits: UInt32 = 0
        for flag in profile.flags {
            switch flag {
            case "SECCOMP_FILTER_FLAG_TSYNC": bits |= 1
            case "SECCOMP_FILTER_FLAG_LOG": bits |= 2
            case "SECCOMP_FILTER_FLAG_SPEC_ALLOW": bits |= 4
            case "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": bits |= 32
            default: throw RuntimeError(.invalidArgument, "linux.seccomp.flags: unknown flag \(flag)")
            }
        }
        guard notifies else { return bits & ~32 }
        if profile.listenerPath == nil {
            throw RuntimeError(.invalidArgument, "linux.seccomp.listenerPath: needed by SCMP_ACT_NOTIFY")
        }
        // With a listener the kernel takes TSYNC only together with TSYNC_ESRCH.
        return bits & 1 != 0 ? bits | 8 | 16 : bits | 8
    }
}
