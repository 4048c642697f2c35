internal import Linux
public import OCISpec
internal import Support

extension ContainerService {
    /// The `config.json` for a container whose root is mounted; makes what must be there before it starts: the generated
    /// files and the working folder.
    func configuration(of record: ContainerRecord) throws -> RuntimeConfiguration {
        let maker = try bundleMaker(record)
        let mountPoint = mountPoint(of: record.id)
        return try attempt("make the bundle of container \(record.name)") {
            let root = try RootDirectory(opening: mountPoint)
            try ContainerFiles(folder: maker.filesFolder)
                .write(hostname: maker.hostname, network: record.specification.network)
            if let folder = record.specification.workingFolder, folder != "/" {
                _ = try root.openMakingDirectories(folder)
            }
            for mount in record.specification.mounts {
                guard case .volume(let name) = mount.source else { continue }
                try VolumePopulation.fill(maker.volumes.path(name), from: root, mount.destination)
            }
            return try maker.configuration(root: root, rootPath: mountPoint)
        }
    }

    /// The `config.json` that a container of this specification would run with.
    ///
    /// Makes and removes a container; nothing is left behind.
    public func preview(_ specification: ContainerSpecification, image: ContainerImage) throws -> RuntimeConfiguration {
        let container = try create(specification, image: image)
        let id = container.record.id
        do {
            try makeDirectories(mountPoint(of: id), mode: 0o711)
            try snapshots.mount(id, at: mountPoint(of: id))
            let document = try configuration(of: container.record)
            try remove(container)
            return document
        } catch {
            try? remove(container)
            throw error
        }
    }

    private func bundleMaker(_ record: ContainerRecord) throws -> BundleMaker {
        BundleMaker(
            specification: record.specification, id: record.id,
            host: try HostFacts(privileged: record.specification.security.privileged),
            filesFolder: store.folder(of: record.id), volumes: Volumes(folder: "\(folders.root)/volumes"),
            networkPath: try networkPath(record))
    }

    /// The network namespace of the container whose network this one shares.
    private func networkPath(_ record: ContainerRecord) throws -> String? {
        guard let id = record.specification.sharesNetworkOf else { return nil }
        guard case .running(let pid, _)? = try store.read(id)?.lifecycle else {
            throw RuntimeError(.invalidState, "cannot join network of a non running container: \(id)")
        }
        return "/proc/\(pid)/ns/net"
    }
}
