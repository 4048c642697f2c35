internal import Glibc
internal import Linux
internal import Support

extension ContainerService {
    /// Makes a container that can be started: record, writable root, volumes, files.
    ///
    /// - Parameters:
    ///   - image: its layers must be there.
    ///   - supervised: whether a shim will look after it, for a daemon.
    /// - Throws: `alreadyExists` where the name is taken, `invalidArgument` where the specification can't be met; nothing
    ///   is left behind then.
    public func create(
        _ specification: ContainerSpecification, image: ContainerImage, supervised: Bool = false
    ) throws -> OwnedContainer {
        var whole = try specification.merged(with: image)
        let id = ContainerNames.identifier()
        let name = try whole.name.map(ContainerNames.check) ?? ContainerNames.invent()
        whole.name = name
        return try withUndo { undo in
            let lock = try attempt("create container \(name)") { try store.reserve(id, name: name) }
            undo.push { try removeTree(store.folder(of: id)) }
            var record = ContainerRecord(
                id: id, name: name, created: Self.now(), imageIdentifier: image.identifier, specification: whole,
                lifecycle: .preparing)
            if supervised { record.supervision = .init() }
            try store.write(record)
            let container = OwnedContainer(record, lock)
            try attempt("prepare the root of container \(name)") { try snapshots.prepare(id, image: image) }
            undo.push { try snapshots.remove(id) }
            try prepareSources(whole.mounts)
            try perform(container.record.lifecycle.handle(.prepared), on: container, durable: true)
            return container
        }
    }

    /// Takes over a container that nobody looks after, to start it again.
    public func open(_ reference: String) throws -> OwnedContainer {
        let found = try store.find(reference)
        guard let lock = try OwnerLock(store.folder(of: found.id)), let record = try store.read(found.id) else {
            throw RuntimeError(.invalidState, "container \(found.name): another program looks after it")
        }
        return OwnedContainer(record, lock)
    }

    /// Makes the host folders and volumes that mounts need.
    private func prepareSources(_ mounts: [ContainerSpecification.VolumeMount]) throws {
        for mount in mounts {
            switch mount.source {
            case .bind(let path, let create):
                if access(path, F_OK) == 0 { continue }
                guard create else {
                    throw RuntimeError(.notFound, "mount on \(mount.destination): \(path) does not exist")
                }
                try attempt("make the folder \(path)") { try makeDirectories(path) }
            case .volume(let name): try Volumes(folder: "\(folders.root)/volumes").ensure(name)
            case .memory: break
            }
        }
    }
}
