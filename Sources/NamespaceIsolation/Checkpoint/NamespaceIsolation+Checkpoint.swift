internal import CLinux
internal import CRIU
internal import Cgroups
internal import Glibc
public import Isolation
internal import Linux
internal import OCISpec
internal import Support

/// What criu calls a joined network namespace in the images; the names are the field's, so that images fit.
let externalNetworkName = "extRootNetNS"
/// What criu calls a joined pid namespace.
let externalPIDName = "extRootPidNS"

extension NamespaceIsolation {
    /// Has criu dump the processes.
    public func checkpoint(_ request: CheckpointRequest) throws {
        let settings = request.settings
        var dump = try CRIURequest(settings.isPreDump ? .preDump : .dump, settings, logFile: "dump.log")
        dump.pid = request.container.pid
        dump.root = request.rootfs
        dump.parentImages = settings.parentPath
        dump.tracksMemory = settings.isPreDump || settings.parentPath != nil
        dump.leavesRunning = settings.leavesRunning
        dump.skipsConnectionsInFlight = settings.skipsConnectionsInFlight
        dump.statusDescriptor = settings.statusDescriptor
        dump.pageServer = settings.pageServer
        dump.freezer = request.cgroup.freezerFolder
        let linux = request.configuration.linux ?? RuntimeConfiguration.Linux()
        for (kind, name) in [
            (RuntimeConfiguration.Namespace.Kind.network, externalNetworkName), (.pid, externalPIDName),
        ]
        where linux.joins(kind) {
            dump.external.append("\(kind.procName)[\(try namespaceNumber(kind, request.container.pid))]:\(name)")
        }
        if !settings.isPreDump {
            let streams = try StandardStreams(of: request.container.pid)
            dump.external += streams.external
            dump.externalMounts = try externalMounts(request)
            try streams.save(in: settings.imagePath)
        }
        try CRIU().perform(dump)
    }

    private func namespaceNumber(_ kind: RuntimeConfiguration.Namespace.Kind, _ pid: Int32) throws -> UInt64 {
        var status = stat()
        let path = "/proc/\(pid)/ns/\(kind.procName)"
        try check("stat", path) { stat(path, &status) }
        return UInt64(status.st_ino)
    }

    /// Where bind mounts are inside, as the kernel names it: the way there may lead over symbolic links.
    private func externalMounts(_ request: CheckpointRequest) throws -> [CRIURequest.ExternalMount] {
        let root = try RootDirectory(opening: "/proc/\(request.container.pid)/root")
        var mounts: [CRIURequest.ExternalMount] = []
        for mount in request.configuration.mounts where mount.isBind {
            let target = try attempt("mounts: \(mount.destination)") { try root.open(mount.destination, CL_O_PATH) }
            mounts.append(.init(try pathInside(target), mount.destination))
        }
        return mounts + request.configuration.boundCgroups(request.cgroup).map { .init($0.destination, $0.destination) }
    }

    private func pathInside(_ target: borrowing Descriptor) throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let path = "/proc/self/fd/\(target.rawValue)"
        let count = try checkCount("readlink", path) { readlink(path, &buffer, buffer.count) }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension CRIURequest {
    /// What dump and restore have in common.
    init(_ kind: Kind, _ settings: CheckpointSettings, logFile: String) throws {
        let images = try attempt("option --image-path") {
            try Descriptor.open(settings.imagePath, O_RDONLY | O_DIRECTORY)
        }
        self.init(kind, images: SharedDescriptor(images), logFile: logFile)
        if let path = settings.workPath {
            work = SharedDescriptor(
                try attempt("option --work-path") { try Descriptor.open(path, O_RDONLY | O_DIRECTORY) })
        }
        keepsConnections = settings.keepsConnections
        allowsExternalSockets = settings.allowsExternalSockets
        isShellJob = settings.isShellJob
        keepsFileLocks = settings.keepsFileLocks
        dropsDuplicates = settings.dropsDuplicates
        isLazy = settings.isLazy
        emptyNamespaces = settings.emptiesNetwork ? UInt32(RuntimeConfiguration.Namespace.Kind.network.flag) : 0
        cgroups =
            switch settings.cgroups {
            case .soft: .soft
            case .full: .full
            case .strict: .strict
            case .ignore: .ignore
            }
    }
}

extension RuntimeConfiguration {
    /// The mounts of the container's cgroups that are the host's: those of a container without a cgroup namespace.
    func boundCgroups(_ cgroup: Cgroup) -> [(destination: String, folder: String)] {
        let makesNamespace = linux?.namespaces.contains { $0.type == .cgroup && ($0.path ?? "").isEmpty } == true
        var bound: [(destination: String, folder: String)] = []
        for mount in mounts where !makesNamespace && (mount.type == "cgroup" || mount.type == "cgroup2") {
            if cgroup.isUnified || mount.type == "cgroup2" {
                bound += [cgroup.unifiedFolder].compactMap(\.self).map { (mount.destination, $0.path) }
                continue
            }
            for folder in cgroup.folders where !folder.controllers.isEmpty {
                let name = folder.controllers.joined(separator: ",")
                let shown = name.hasPrefix("name=") ? String(name.dropFirst(5)) : name
                bound.append(("\(mount.destination)/\(shown)", folder.path))
            }
        }
        return bound
    }
}

extension RuntimeConfiguration.Linux {
    /// Whether a namespace of this kind is one that was there.
    func joins(_ kind: RuntimeConfiguration.Namespace.Kind) -> Bool {
        namespaces.contains { $0.type == kind && !($0.path ?? "").isEmpty }
    }
}

extension RuntimeConfiguration.Mount {
    /// Whether a host's folder or file is shown, which is no part of a checkpoint.
    var isBind: Bool { type == "bind" || options.contains("bind") || options.contains("rbind") }
}
