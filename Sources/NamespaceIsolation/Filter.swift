internal import CLinux
internal import Linux
internal import OCISpec
internal import Seccomp
internal import Support

/// The architectures that filters can be compiled for, as the specification names them.
let supportedArchitectures = Seccomp.Architecture.allCases.map(\.rawValue)

/// Compiles `linux.seccomp`.
func compileFilter(_ document: RuntimeConfiguration.Seccomp) throws -> BPFProgram {
    let program = try Seccomp.compile(
        SeccompProfile(
            defaultAction: document.defaultAction.rawValue, defaultErrnoRet: document.defaultErrnoRet,
            architectures: document.architectures.map(\.rawValue), flags: document.flags.map(\.rawValue),
            rules: document.syscalls.map { rule in
                SeccompProfile.Rule(
                    names: rule.names, action: rule.action.rawValue, errnoRet: rule.errnoRet,
                    args: rule.args.map { argument in
                        SeccompProfile.Comparison(
                            index: argument.index, value: argument.value, valueTwo: argument.valueTwo,
                            op: argument.op.rawValue)
                    })
            }))
    if program.needsListener {
        throw RuntimeError(.unsupported, "linux.seccomp: SCMP_ACT_NOTIFY is not supported by this runtime")
    }
    return program
}

extension BPFProgram {
    /// Puts the filter on the calling thread, the only one. Needs no_new_privs or CAP_SYS_ADMIN.
    func install() throws(SystemCallError) {
        try check("seccomp", "\(instructions.count) instructions") {
            instructions.withUnsafeBytes { cl_seccomp_filter(flags, $0.baseAddress, UInt16($0.count / 8)) }
        }
    }
}
