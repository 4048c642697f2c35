internal import CLinux
internal import CRIU
internal import Cgroups
internal import Glibc
public import Isolation
internal import Linux
internal import OCISpec
internal import RootFilesystem
internal import Support

extension NamespaceIsolation {
    /// Has criu make the processes.
    ///
    /// criu runs in the container's cgroup and in a mount namespace of its own, where the root is a mount: nothing of
    /// that is left on the host, whatever happens.
    public func restore(_ request: RestoreRequest, observer: inout some LaunchObserver) throws -> Int32 {
        try makeMountPoints(request)
        let joined = try joinedNamespaces(request.configuration)
        let entry = try request.cgroup.openEntry().joining(request.resctrlTasks)
        let mounts = try PrivateMounts()
        var made: Int32 = -1
        do {
            try mountRoot(request)
            let restore = try restoreRequest(request, joined)
            try CRIU().perform(restore, cgroup: entry.cloneDescriptor, prepare: entry.enter) { notice in
                try mounts.outside { try tell(notice, &made, request, &observer) }
            }
        } catch {
            if made > 0 {
                kill(made, SIGKILL)
                _ = try? waitForExit(made)
            }
            try mounts.leave()
            throw error
        }
        try mounts.leave()
        return made
    }

    private func restoreRequest(
        _ request: RestoreRequest, _ joined: [(name: String, descriptor: SharedDescriptor)]
    ) throws -> CRIURequest {
        var restore = try CRIURequest(.restore, request.settings, logFile: "restore.log")
        restore.root = request.scratch
        restore.securityLabel = request.settings.securityLabel
        restore.mountLabel = request.settings.mountLabel
        restore.cgroupRoots = try request.cgroup.pathsBelowHierarchies().map { entry in
            (entry.controller.isEmpty ? nil : entry.controller, entry.path)
        }
        restore.inherited = try StandardStreams(savedIn: request.settings.imagePath).inherited
        restore.inherited += joined.map { ($0.name, $0.descriptor.rawValue) }
        restore.externalMounts = try externalMounts(request)
        return restore
    }

    /// Follows criu's work: the namespaces are there, then the processes, which do not run yet.
    private func tell(
        _ notice: CRIU.Notice, _ made: inout Int32, _ request: RestoreRequest, _ observer: inout some LaunchObserver
    ) throws {
        switch notice.script {
        case "setup-namespaces":
            made = notice.pid
            try observer.processMade(notice.pid)
        case "post-restore":
            if made < 0 { try observer.processMade(notice.pid) }
            made = notice.pid
            try observer.processReady(notice.pid)
        case "orphan-pts-master":
            guard let socket = request.consoleSocket, let master = notice.descriptor else {
                throw RuntimeError(
                    .invalidArgument, "the checkpoint has a terminal: give --console-socket to receive it")
            }
            if request.relaysConsole { try Console.keepLineFeeds(master.rawValue) }
            let name = Array("/dev/pts/ptmx".utf8)
            try checkCount("sendmsg", "console socket") {
                cl_send_descriptor(socket.rawValue, master.rawValue, name, name.count)
            }
        default: return
        }
    }

    private func joinedNamespaces(
        _ configuration: RuntimeConfiguration
    ) throws -> [(name: String, descriptor: SharedDescriptor)] {
        var joined: [(name: String, descriptor: SharedDescriptor)] = []
        for (index, namespace) in (configuration.linux?.namespaces ?? []).enumerated() {
            guard let path = namespace.path, !path.isEmpty else { continue }
            let name = namespace.type == .network ? externalNetworkName : externalPIDName
            guard namespace.type == .network || namespace.type == .pid else { continue }
            let descriptor = try attempt("linux.namespaces[\(index)].path") { try Descriptor.open(path, O_RDONLY) }
            joined.append((name, SharedDescriptor(descriptor)))
        }
        return joined
    }

    private func externalMounts(_ request: RestoreRequest) throws -> [CRIURequest.ExternalMount] {
        let binds = request.configuration.mounts.filter(\.isBind).map { mount in
            let source = mount.source ?? ""
            return CRIURequest.ExternalMount(
                mount.destination, source.hasPrefix("/") ? source : "\(request.bundle)/\(source)")
        }
        // runc's checkpoints call masked files external.
        let masked = request.configuration.linux?.maskedPaths ?? []
        let cgroups = request.configuration.boundCgroups(request.cgroup).map {
            CRIURequest.ExternalMount($0.destination, $0.folder)
        }
        return binds + cgroups + masked.map { .init($0, "/dev/null") }
    }

    /// What mounts go onto may be missing in a root that was not checkpointed with the processes.
    private func makeMountPoints(_ request: RestoreRequest) throws {
        let root = try attempt("root.path") { try RootDirectory(opening: request.rootfs) }
        let mounts = request.configuration.mounts
        for (index, mount) in mounts.enumerated() {
            let isBelowAnother = mounts[..<index].contains { mount.destination.hasPrefix("\($0.destination)/") }
            if isBelowAnother { continue }
            try attempt("mounts[\(index)]: \(mount.destination)") {
                var status = stat()
                if mount.isBind, stat(mount.source ?? "", &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
                    _ = try root.openMakingFile(mount.destination)
                } else {
                    _ = try root.openMakingDirectories(mount.destination)
                }
            }
        }
    }

    /// criu needs the root to be a mount.
    private func mountRoot(_ request: RestoreRequest) throws {
        let target = try Descriptor.open(request.scratch, CL_O_PATH | O_DIRECTORY)
        try attempt("root.path") {
            try MountTree.copy(of: request.rootfs, recursive: true).attach(to: target, shown: request.scratch)
        }
    }
}
