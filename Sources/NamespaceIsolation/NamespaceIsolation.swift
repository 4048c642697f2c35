internal import CLinux
internal import Cgroups
internal import Glibc
public import Isolation
internal import Linux
internal import OCISpec
internal import RootFilesystem
internal import Support

/// Isolation by the kernel's namespaces, capabilities and seccomp: what runc and crun do.
///
/// For single-threaded programs only: the container's process is a fork of the caller that runs Swift until exec.
public struct NamespaceIsolation: Isolation {
    /// `native`.
    public static let name = "native"

    /// Makes the isolation; it holds nothing.
    public init() {}

    /// Makes the process: see `SyncChannel` for the order of things on both sides.
    public func launch(_ request: LaunchRequest, observer: inout some LaunchObserver) throws -> Int32 {
        let pair = try Descriptor.socketPair()
        let stage = try InitStage(request)
        for warning in stage.last.credentials.warnings { observer.warn(warning) }
        for note in stage.last.credentials.notes { observer.note(note) }
        let mask = umask(0)
        umask(mask)
        try stage.prepareCaller()
        let pid = try attempt("make the container's process") { () throws in
            stage.namespaces.needsJoiner || request.cgroup.placement != nil
                ? try cloneFromInside(stage.namespaces.cloneFlags, request.cgroup) {
                    if stage.namespaces.needsJoiner { try stage.namespaces.enter() }
                }
                : try check("clone3") { cl_clone(stage.namespaces.cloneFlags, nil, request.cgroup.cloneDescriptor) }
        }
        if pid == 0 {
            let raw = pair.second.rawValue
            close(pair.first.rawValue)
            stage.run(raw)
        }
        do {
            // The launch changed both for the child's sake; hooks run in the bundle, as from runc, with the caller's mask.
            umask(mask)
            try check("chdir", request.bundle) { chdir(request.bundle) }
            let channel = SyncChannel(try pair.takeFirst())
            try supervise(pid, channel, stage: stage, request: request, observer: &observer)
            return pid
        } catch {
            stage.networkDevices?.giveBack()
            kill(pid, SIGKILL)
            let code = (try? waitForExit(pid)) ?? 0
            throw (error as? LostProcess)?.explained(code, request.configuration.linux?.resources) ?? error
        }
    }

    /// Makes a process that enters the container's namespaces and cgroup and executes the program.
    public func exec(_ request: ExecRequest) throws -> Int32 {
        let pair = try Descriptor.socketPair()
        let stage = try ExecStage(request)
        let pid = try attempt("make the process") { () throws in
            if stage.needsJoiner {
                return try cloneFromInside(0, request.cgroup) { try stage.enterOwningNamespaces() }
            }
            if request.cgroup.placement != nil {
                return try cloneFromInside(0, request.cgroup) { try stage.prepareCaller() }
            }
            try stage.prepareCaller()
            return try check("clone3") { cl_clone(0, nil, request.cgroup.cloneDescriptor) }
        }
        if pid == 0 {
            let raw = pair.second.rawValue
            close(pair.first.rawValue)
            stage.run(raw)
        }
        do {
            let channel = SyncChannel(try pair.takeFirst())
            try channel.expect(.ready)
            try channel.expectEnd(of: pid) {
                ContainerState(
                    id: request.id, status: .running, pid: request.container.pid, bundle: request.bundle,
                    annotations: request.configuration.annotations)
            }
            return pid
        } catch {
            kill(pid, SIGKILL)
            let code = (try? waitForExit(pid)) ?? 0
            throw (error as? LostProcess)?.explained(code, request.configuration.linux?.resources) ?? error
        }
    }

    /// The runtime's side of the launch.
    private func supervise(
        _ pid: Int32, _ channel: borrowing SyncChannel, stage: InitStage, request: LaunchRequest,
        observer: inout some LaunchObserver
    ) throws {
        if let score = request.configuration.process?.oomScoreAdj {
            try attempt("process.oomScoreAdj") { try writeText("\(score)", to: "/proc/\(pid)/oom_score_adj") }
        }
        try stage.userMappings?.write(pid)
        if stage.waitsForHost { try channel.send(.mapped) }
        try stage.networkDevices?.enter(stage.namespaces.networkNamespace(of: pid))
        do {
            try observer.processMade(pid)
        } catch {
            // Hooks fail, too, when the process has died under them: what it died of says more.
            try channel.throwFailure()
            throw error
        }
        try channel.send(.hooked)
        try channel.expect(.ready)
        try observer.processReady(pid)
        try channel.send(.go)
        try channel.expectEnd(of: pid) {
            ContainerState(
                id: request.id, status: .created, pid: pid, bundle: request.bundle,
                annotations: request.configuration.annotations)
        }
    }
}

extension DescriptorPair {
    /// The first end; the second is closed.
    fileprivate consuming func takeFirst() throws -> Descriptor {
        try first.duplicate()
    }
}
