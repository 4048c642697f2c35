internal import CLinux
internal import Linux
internal import OCISpec
internal import Support

/// How the container's program shares processors and disks: `process.scheduler` and `process.ioPriority`, checked before
/// the process exists. Applied by the process itself, while it still has CAP_SYS_NICE.
struct Scheduling {
    private let scheduler: RuntimeConfiguration.Scheduler?
    private let ioPriority: RuntimeConfiguration.IOPriority?

    /// Throws for parameters that the policy does not have, naming the field (config.md, Linux Process).
    init(_ process: RuntimeConfiguration.Process) throws(RuntimeError) {
        if let scheduler = process.scheduler { try Self.judge(scheduler) }
        scheduler = process.scheduler
        ioPriority = process.ioPriority
    }

    private static func judge(_ scheduler: RuntimeConfiguration.Scheduler) throws(RuntimeError) {
        func refuse(_ field: String, _ reason: String) -> RuntimeError {
            RuntimeError(.invalidArgument, "process.scheduler.\(field): \(reason)")
        }
        let policy = scheduler.policy
        if policy == .SCHED_ISO {
            throw RuntimeError(.unsupported, "process.scheduler.policy: SCHED_ISO is in no Linux kernel")
        }
        if (scheduler.nice ?? 0) != 0 && policy != .SCHED_OTHER && policy != .SCHED_BATCH {
            throw refuse("nice", "\(policy.rawValue) has none; only SCHED_OTHER and SCHED_BATCH do")
        }
        let isRealTime = policy == .SCHED_FIFO || policy == .SCHED_RR
        if let priority = scheduler.priority, priority != 0 || isRealTime {
            guard isRealTime else {
                throw refuse("priority", "\(policy.rawValue) has none; only SCHED_FIFO and SCHED_RR do")
            }
            guard (1...99).contains(priority) else { throw refuse("priority", "\(priority) is not from 1 to 99") }
        } else if isRealTime {
            throw refuse("priority", "\(policy.rawValue) needs one, from 1 to 99")
        }
        if policy == .SCHED_DEADLINE { return }
        let times = [("runtime", scheduler.runtime), ("deadline", scheduler.deadline), ("period", scheduler.period)]
        for (field, value) in times where (value ?? 0) != 0 {
            throw refuse(field, "\(policy.rawValue) has none; only SCHED_DEADLINE does")
        }
    }

    /// Sets both for the calling thread, the only one.
    func apply() throws {
        if let scheduler {
            try attempt("process.scheduler") {
                _ = try check("sched_setattr", scheduler.policy.rawValue) {
                    cl_sched_setattr(
                        scheduler.policy.number, scheduler.flags.reduce(0) { $0 | $1.bit }, scheduler.nice ?? 0,
                        UInt32(clamping: scheduler.priority ?? 0), scheduler.runtime ?? 0, scheduler.deadline ?? 0,
                        scheduler.period ?? 0)
                }
            }
        }
        if let ioPriority {
            try attempt("process.ioPriority") {
                _ = try check("ioprio_set", "\(ioPriority.class.rawValue) \(ioPriority.priority)") {
                    cl_ioprio_set(ioPriority.class.number, ioPriority.priority)
                }
            }
        }
    }
}

extension RuntimeConfiguration.Scheduler.Policy {
    /// The kernel's number (linux/sched.h).
    var number: UInt32 {
        switch self {
        case .SCHED_OTHER: 0
        case .SCHED_FIFO: 1
        case .SCHED_RR: 2
        case .SCHED_BATCH: 3
        case .SCHED_ISO: 4
        case .SCHED_IDLE: 5
        case .SCHED_DEADLINE: 6
        }
    }
}

extension RuntimeConfiguration.Scheduler.Flag {
    /// The kernel's bit (linux/sched.h).
    var bit: UInt64 {
        switch self {
        case .SCHED_FLAG_RESET_ON_FORK: 0x01
        case .SCHED_FLAG_RECLAIM: 0x02
        case .SCHED_FLAG_DL_OVERRUN: 0x04
        case .SCHED_FLAG_KEEP_POLICY: 0x08
        case .SCHED_FLAG_KEEP_PARAMS: 0x10
        case .SCHED_FLAG_UTIL_CLAMP_MIN: 0x20
        case .SCHED_FLAG_UTIL_CLAMP_MAX: 0x40
        }
    }
}

extension RuntimeConfiguration.IOPriority.Class {
    /// The kernel's number (linux/ioprio.h).
    var number: Int32 {
        switch self {
        case .IOPRIO_CLASS_RT: 1
        case .IOPRIO_CLASS_BE: 2
        case .IOPRIO_CLASS_IDLE: 3
        }
    }
}

/// `process.execCPUAffinity`: where a process of `exec` runs. The container's first process has none (config.md).
struct ExecAffinity {
    /// Before the process enters the container's cgroup; nil leaves it where the runtime runs.
    let initial: ProcessorSet?
    /// From then on; nil leaves what is.
    let final: ProcessorSet?

    /// Reads both lists; an empty text is what Go writes for none.
    init(_ affinity: RuntimeConfiguration.CPUAffinity?) throws(RuntimeError) {
        func set(_ list: String?, _ name: String) throws(RuntimeError) -> ProcessorSet? {
            guard let list, !list.isEmpty else { return nil }
            return try ProcessorSet(list: list, field: "process.execCPUAffinity.\(name)")
        }
        initial = try set(affinity?.initial, "initial")
        final = try set(affinity?.final, "final")
    }
}
