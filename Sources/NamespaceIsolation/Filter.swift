internal import CLinux
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import Seccomp
internal import Support

/// `linux.seccomp`, compiled before the process exists.
struct Filter {
    private let program: BPFProgram
    /// What is told to the runtime where the filter has a listener, ready to be written.
    private let offer: [UInt8]
    /// The runtime may not take the descriptor from the process (pidfd_getfd(2)), which must then send it.
    private let sendsListener: Bool

    /// Compiles; an error names the field.
    init(_ document: RuntimeConfiguration.Seccomp) throws {
        program = try Seccomp.compile(SeccompProfile(document))
        guard program.needsListener, let path = document.listenerPath else {
            (offer, sendsListener) = ([], false)
            return
        }
        let killable = RuntimeConfiguration.Seccomp.Flag.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
        if document.flags.contains(killable), !killable.isInKernel {
            throw RuntimeError(.unsupported, "linux.seccomp.flags: this kernel does not know \(killable.rawValue)")
        }
        // A missing agent is told now, not when the program is to start; connecting is for then.
        var status = stat()
        try attempt("linux.seccomp.listenerPath") { _ = try check("stat", path) { stat(path, &status) } }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw RuntimeError(.invalidArgument, "linux.seccomp.listenerPath: \(path) is no socket")
        }
        sendsListener = try !ProcessCapabilities.current().effective.contains(.sysPtrace)
        offer = ListenerOffer(path: path, metadata: document.listenerMetadata).bytes
    }

    /// Puts the filter on the calling thread, the only one. Needs no_new_privs or CAP_SYS_ADMIN.
    ///
    /// A filter's listener is handed to who waits at `waiter` before this returns.
    func install(_ waiter: Int32) throws(SystemCallError) {
        var offer = offer
        let listener = try check("seccomp", "\(program.instructions.count) instructions") {
            program.instructions.withUnsafeBytes {
                cl_seccomp_filter(program.flags, $0.baseAddress, UInt16($0.count / 8))
            }
        }
        if offer.isEmpty { return }
        try ListenerOffer.send(&offer, descriptor: listener, over: waiter, inPerson: sendsListener)
    }
}

extension SeccompProfile {
    fileprivate init(_ document: RuntimeConfiguration.Seccomp) {
        self.init(
            defaultAction: document.defaultAction.rawValue, defaultErrnoRet: document.defaultErrnoRet,
            architectures: document.architectures.map(\.rawValue), flags: document.flags.map(\.rawValue),
            listenerPath: document.listenerPath, listenerMetadata: document.listenerMetadata,
            rules: document.syscalls.map { rule in
                Rule(
                    names: rule.names, action: rule.action.rawValue, errnoRet: rule.errnoRet,
                    args: rule.args.map { argument in
                        Comparison(
                            index: argument.index, value: argument.value, valueTwo: argument.valueTwo,
                            op: argument.op.rawValue)
                    })
            })
    }
}

extension RuntimeConfiguration.Seccomp.Flag {
    /// Whether the running kernel knows it.
    var isInKernel: Bool {
        switch self {
        case .SECCOMP_FILTER_FLAG_TSYNC: cl_seccomp_knows_flags(1) != 0
        case .SECCOMP_FILTER_FLAG_LOG: cl_seccomp_knows_flags(2) != 0
        case .SECCOMP_FILTER_FLAG_SPEC_ALLOW: cl_seccomp_knows_flags(4) != 0
        // Known only beside a listener.
        case .SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV:
            cl_seccomp_knows_flags(
                CL_SECCOMP_FILTER_FLAG_NEW_LISTENER | CL_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) != 0
        }
    }
}
