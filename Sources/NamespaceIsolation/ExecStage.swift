internal import CLinux
internal import Cgroups
internal import Glibc
internal import Isolation
internal import Linux
internal import OCISpec
internal import RootFilesystem
internal import Support

/// What `exec`'s process needs, made before it exists; then what it does until execve.
///
/// The caller takes the container's pid namespace for its children, and only for them, so one clone gives a process that
/// is the caller's child and the container's. Everything else is entered by one setns(2) on the pidfd of the container's
/// process, which either succeeds for all namespaces or changes nothing (Linux 5.8; mounts need 5.12 anyway).
struct ExecStage {
    private let request: ExecRequest
    private let last: ProgramStage
    private let affinity: ExecAffinity
    /// The container's first process.
    private let pidfd: SharedDescriptor
    /// CLONE_NEW flags of the kinds that the container has of its own or has joined.
    private let namespaces: UInt64

    init(_ request: ExecRequest) throws {
        let linux = request.configuration.linux ?? RuntimeConfiguration.Linux()
        self.request = request
        last = try ProgramStage(
            request.process, in: request.configuration, preservedDescriptors: request.preservedDescriptors)
        affinity = try ExecAffinity(request.process.execCPUAffinity)
        namespaces = linux.namespaces.reduce(0) { $0 | $1.type.flag }
        let pid = request.container.pid
        pidfd = SharedDescriptor(Descriptor(owning: try check("pidfd_open", "\(pid)") { cl_pidfd_open(pid, 0) }))
        // Looked at after the pidfd was opened: it can't be another process of the same number.
        guard request.container.isAlive else {
            throw RuntimeError(.invalidState, "cannot exec in a stopped container")
        }
    }

    /// Lets the caller's children be born into the container's pid namespace, on the processors asked for.
    func prepareCaller() throws {
        if let initial = affinity.initial { try attempt("process.execCPUAffinity.initial") { try initial.apply() } }
        if namespaces & CL_CLONE_NEWPID != 0 { try join(CL_CLONE_NEWPID) }
    }

    /// An ordinary user may enter the pid namespace from inside the user namespace only, which the caller must not be in.
    var needsJoiner: Bool { geteuid() != 0 && namespaces & CL_CLONE_NEWUSER != 0 }

    /// Enters the user namespace and, for children, the pid namespace.
    func enterOwningNamespaces() throws {
        try join(namespaces & (CL_CLONE_NEWUSER | CL_CLONE_NEWPID))
    }

    /// The life of the process from clone to execve. Never returns; a failure goes to the caller.
    func run(_ socket: Int32) -> Never {
        let channel = SyncChannel(Descriptor(owning: socket))
        do {
            let (program, labels) = try enter(socket)
            try channel.send(.ready)
            channel.sendFailure(last.execute(program, labels, waiter: socket))
        } catch {
            channel.sendFailure(error)
        }
        _exit(1)
    }

    /// Nothing of the host is left in the process when it becomes visible inside: no descriptor but those that are asked
    /// for, and no access to its memory (CVE-2016-9962, CVE-2024-21626).
    private func enter(_ socket: Int32) throws -> (Program, PendingLabels) {
        if let score = request.process.oomScoreAdj {
            try attempt("process.oomScoreAdj") { try writeText("\(score)", to: "/proc/self/oom_score_adj") }
        }
        cl_prctl(CL_PR_SET_DUMPABLE, 0, 0, 0, 0)
        try request.cgroup.enter()
        if let final = affinity.final { try attempt("process.execCPUAffinity.final") { try final.apply() } }
        try closeDescriptors(but: [socket, pidfd.rawValue, request.consoleSocket?.rawValue ?? socket])
        let labels = try last.credentials.labels.open()
        try joinNamespaces()
        if namespaces & CL_CLONE_NEWUSER != 0 { try last.becomeNamespaceRoot() }
        try last.leaveSession()
        if request.process.terminal { try openTerminal() }
        try last.enterWorkingDirectory()
        return (try Program(request.process), labels)
    }

    private func closeDescriptors(but kept: [Int32]) throws(SystemCallError) {
        var first = Int32(3 + request.preservedDescriptors)
        for descriptor in kept.sorted() where descriptor >= first {
            if descriptor > first {
                try check("close_range") { cl_close_range(UInt32(first), UInt32(descriptor - 1), 0) }
            }
            first = descriptor + 1
        }
        try check("close_range") { cl_close_range(UInt32(first), UInt32.max, 0) }
    }

    private func joinNamespaces() throws(SystemCallError) {
        let flags = namespaces & ~CL_CLONE_NEWPID
        if flags == 0 { return }
        do throws(SystemCallError) {
            try join(flags)
        } catch {
            // The one namespace that can't be entered again is the user namespace that the caller is in already.
            guard error.errno == EINVAL, flags & CL_CLONE_NEWUSER != 0 else { throw error }
            try join(flags & ~CL_CLONE_NEWUSER)
        }
    }

    private func join(_ flags: UInt64) throws(SystemCallError) {
        try check("setns", "namespaces of process \(request.container.pid)") {
            cl_setns(pidfd.rawValue, Int32(truncatingIfNeeded: flags))
        }
    }

    private func openTerminal() throws {
        let size = request.process.consoleSize
        let console = try Console.open(
            in: RootDirectory(opening: "/"), rows: size?.height ?? 0, columns: size?.width ?? 0,
            keepsLineFeeds: request.relaysConsole)
        if let socket = request.consoleSocket { try last.send(console.master, to: socket) }
        try last.take(console.takeSlave())
    }
}
