internal import Glibc
internal import Linux
internal import Support

/// The driver of ``ContainerLifecycle``: does what it asks for.
extension ContainerService {
    /// Performs the actions in order, going on past failures of the cleaning ones; throws the first failure.
    func perform(
        _ actions: [ContainerLifecycle.Action], on container: OwnedContainer, durable: Bool = false
    ) throws {
        var first: (any Error)?
        for action in actions {
            do {
                // What still runs keeps its root, and what is still mounted its files.
                if first != nil && (action == .releaseRoot || action == .removeFiles) { continue }
                try perform(action, on: container, durable)
            } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
    }

    private func perform(
        _ action: ContainerLifecycle.Action, on container: OwnedContainer, _ durable: Bool
    ) throws {
        let record = container.record
        switch action {
        case .persist: try store.write(record, durable: durable)
        case .deleteRuntimeContainer:
            // The bundle is made before the runtime gets to know of the container and removed after it has forgotten.
            guard access(bundle(of: record.id), F_OK) == 0 else { return }
            try attempt("delete container \(record.name)") { try runtime.delete(record.id) }
        case .releaseRoot: try releaseRoot(record.id)
        case .removeFiles:
            try removeFiles(record.id)
            _ = try container.record.lifecycle.handle(.removed)
        case .removeIfEphemeral:
            guard record.specification.removesItself else { return }
            try perform(container.record.lifecycle.handle(.remove(force: false)), on: container)
        }
    }

    /// Unmounts the root and removes the bundle; nothing there is no error.
    private func releaseRoot(_ id: String) throws {
        let bundle = bundle(of: id)
        guard access(bundle, F_OK) == 0 else { return }
        try attempt("unmount \(mountPoint(of: id))") { try snapshots.unmount(id, from: mountPoint(of: id)) }
        try attempt("remove \(bundle)") { try removeTree(bundle) }
    }

    /// Removes snapshot and folder, the record first so that a half-removed container is never listed.
    func removeFiles(_ id: String) throws {
        try releaseRoot(id)
        try attempt("remove the root of container \(id.prefix(12))") { try snapshots.remove(id) }
        let folder = store.folder(of: id)
        unlink("\(folder)/record.json")
        try attempt("remove \(folder)") { try removeTree(folder) }
    }
}
