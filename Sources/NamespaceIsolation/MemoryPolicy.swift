internal import CLinux
internal import Linux
internal import OCISpec
internal import Support

/// Which memory nodes the container's program gets its memory from: `linux.memoryPolicy` (set_mempolicy(2)), checked
/// before the process exists. execve(2) keeps it.
struct MemoryPolicy {
    private let mode: Int32
    private let nodes: [UInt64]
    private let shown: String

    /// Throws where mode, flags and nodes don't go together, naming the field.
    init(_ policy: RuntimeConfiguration.MemoryPolicy) throws(RuntimeError) {
        let list = policy.nodes ?? ""
        nodes = list.isEmpty ? [] : try ProcessorSet(list: list, field: "linux.memoryPolicy.nodes").words
        mode = policy.flags.reduce(policy.mode.number) { $0 | $1.bit }
        shown = "\(policy.mode.rawValue) \(list)"
        let takesNone = policy.mode == .MPOL_DEFAULT || policy.mode == .MPOL_LOCAL
        if takesNone && !nodes.isEmpty {
            throw RuntimeError(.invalidArgument, "linux.memoryPolicy.nodes: \(policy.mode.rawValue) takes none")
        }
        if !takesNone && nodes.isEmpty && policy.mode != .MPOL_PREFERRED {
            throw RuntimeError(.invalidArgument, "linux.memoryPolicy.nodes: \(policy.mode.rawValue) needs nodes")
        }
        if policy.flags.contains(.MPOL_F_RELATIVE_NODES) && policy.flags.contains(.MPOL_F_STATIC_NODES) {
            throw RuntimeError(
                .invalidArgument,
                "linux.memoryPolicy.flags: MPOL_F_RELATIVE_NODES and MPOL_F_STATIC_NODES exclude each other")
        }
    }

    /// Sets the policy of the calling thread, the only one. EINVAL: a mode or node that this kernel does not have.
    func apply() throws {
        try attempt("linux.memoryPolicy") {
            _ = try check("set_mempolicy", shown) { cl_set_mempolicy(mode, nodes, UInt(nodes.count)) }
        }
    }
}

extension RuntimeConfiguration.MemoryPolicy.Mode {
    /// The kernel's number (linux/mempolicy.h).
    var number: Int32 {
        switch self {
        case .MPOL_DEFAULT: 0
        case .MPOL_PREFERRED: 1
        case .MPOL_BIND: 2
        case .MPOL_INTERLEAVE: 3
        case .MPOL_LOCAL: 4
        case .MPOL_PREFERRED_MANY: 5
        case .MPOL_WEIGHTED_INTERLEAVE: 6
        }
    }
}

extension RuntimeConfiguration.MemoryPolicy.Flag {
    /// The kernel's bit (linux/mempolicy.h).
    var bit: Int32 {
        switch self {
        case .MPOL_F_STATIC_NODES: 1 << 15
        case .MPOL_F_RELATIVE_NODES: 1 << 14
        case .MPOL_F_NUMA_BALANCING: 1 << 13
        }
    }
}
