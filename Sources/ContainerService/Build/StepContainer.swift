internal import CLinux
internal import Glibc
internal import Linux
internal import OCISpec
internal import ProcessIO
internal import Snapshots
internal import Support

/// The container of one RUN step, by the same runtime program as any other.
struct StepContainer {
    let session: BuildSession
    let specification: ContainerSpecification

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - files: places of mounts that are files and not folders.
    ///   - output: gets what the program prints.
    /// - Throws: what the runtime said where the program could not be started.
    func run(
        _ draft: LayerDraft, upon lowers: [LayerPlace], files: [String], output: ([UInt8]) -> Void
    ) throws -> ExitStatus {
        let bundle = try session.scratch("step")
        let id = "\(name(session.folder))-\(name(bundle))"
        let root = "\(bundle)/rootfs"
        try makeDirectories(root, mode: 0o711)
        defer { try? removeTree(bundle) }
        let maker = BundleMaker(
            specification: specification, id: id, host: try HostFacts(privileged: false), filesFolder: bundle,
            volumes: Volumes(folder: "\(session.root)/volumes"))
        try ContainerFiles(folder: bundle).write(hostname: maker.hostname, network: specification.network)
        try session.drafts.mount(draft, upon: lowers, at: root)
        defer { try? session.drafts.unmount(at: root) }
        if try !isComplete(root, files) {
            try session.drafts.unmount(at: root)
            try fillScaffold(draft, lowers, root, files)
            try session.drafts.mount(draft, upon: lowers, at: root)
        }
        try writeConfiguration(maker, root, bundle)
        return try execute(id, bundle, output)
    }

    private func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

    private func writeConfiguration(_ maker: BundleMaker, _ rootPath: String, _ bundle: String) throws {
        let root = try RootDirectory(opening: rootPath)
        if let folder = specification.workingFolder, folder != "/" { _ = try root.openMakingDirectories(folder) }
        let document = try maker.configuration(root: root, rootPath: rootPath)
        try writeAtomically(document.json(), to: "\(bundle)/config.json", durable: false)
    }

    // MARK: places to mount onto

    private var folders: [String] {
        ["/proc", "/dev", "/sys"] + specification.mounts.map(\.destination)
    }

    private static let ownFiles = ["/etc/resolv.conf", "/etc/hostname", "/etc/hosts"]

    /// Whether everything that is mounted has a place already.
    private func isComplete(_ path: String, _ files: [String]) throws -> Bool {
        let root = try RootDirectory(opening: path)
        for place in folders + Self.ownFiles where try root.openIfPresent(place, CL_O_PATH) == nil { return false }
        return true
    }

    /// Makes the places in a layer of their own, so that they don't become a part of the image.
    private func fillScaffold(_ draft: LayerDraft, _ lowers: [LayerPlace], _ path: String, _ files: [String]) throws {
        // Without layers below there is nothing that the scaffold could be seen through but the draft.
        try session.drafts.mountScaffold(draft, upon: lowers, at: path)
        defer { try? session.drafts.unmount(at: path) }
        let root = try RootDirectory(opening: path)
        for place in folders where !files.contains(place) { _ = try root.openMakingDirectories(place) }
        for place in Self.ownFiles + files { _ = try root.openMakingFile(place) }
    }

    // MARK: execution

    private func execute(_ id: String, _ bundle: String, _ output: ([UInt8]) -> Void) throws -> ExitStatus {
        var ends: [Int32] = [-1, -1]
        try check("pipe2") { cl_pipe(&ends) }
        let reading = Descriptor(owning: ends[0])
        let log = "\(bundle)/log.json"
        let status = try attempt("run the step") {
            let pid = try start(id, bundle, log, Descriptor(owning: ends[1]))
            session.began(id)
            defer { session.ended(id) }
            // A build that was cancelled just before is not waited for.
            if (try? session.checkCancelled()) == nil { kill(pid, SIGTERM) }
            while let part = try? reading.readSome(1 << 16), !part.isEmpty { output(part) }
            return try waitForChild(pid)
        }
        if status != .exited(0), let message = RuntimeClient.lastMessage(in: log) {
            throw RuntimeError(.internal, message)
        }
        return status
    }

    /// Starts `RUNTIME run`; the writing end goes with this call, so that the reader sees the end.
    private func start(_ id: String, _ bundle: String, _ log: String, _ writing: consuming Descriptor) throws -> Int32 {
        let runtime = session.runtime
        var child = ChildProgram(
            path: runtime.path,
            arguments: [
                "--root", runtime.stateFolder, "--log", log, "--log-format", "json", "run", "--bundle", bundle, id,
            ], environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
        child.output = writing.rawValue
        child.error = writing.rawValue
        return try child.spawn()
    }
}
