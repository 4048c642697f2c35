internal import Archive
internal import ContentStore
internal import Glibc
internal import JSON
public import Linux
public import OCISpec
internal import Snapshots
internal import Support

/// What images and containers have to do with each other.
extension ImageService {
    /// What a container changed in its root, sorted by path.
    public func changes(of container: ContainerRecord) throws -> [ContainerChange] {
        try attempt("diff of container \(container.name)") {
            let layers = try snapshots.layers(of: container.id)
            return try viewing(layers) { root in
                var walk = ChangeWalk(below: root)
                try walk.walk(try snapshots.changes(key: container.id))
                // Places that mounts of every container need are no change of its own.
                let own = walk.changes.filter { !($0.kind == .added && Self.mountPoints.contains($0.path)) }
                return own.sorted { ($0.path, $0.kind.rawValue) < ($1.path, $1.kind.rawValue) }
            }
        }
    }

    private static let mountPoints: Set<String> = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"]

    /// Writes a container's whole root as a tar file.
    ///
    /// - Parameter mounted: where its root is mounted while it runs; nil while it doesn't.
    public func export(_ container: ContainerRecord, mounted: String?, to output: borrowing Descriptor) throws {
        let raw = output.rawValue
        try attempt("export container \(container.name)") {
            if let mounted {
                return try write(tree: Descriptor.open(mounted, O_RDONLY | O_DIRECTORY), to: raw)
            }
            let place = try ScratchFolder(in: imports)
            try snapshots.mount(key: container.id, at: place.path, readOnly: true)
            defer { try? snapshots.unmount(at: place.path) }
            try write(tree: Descriptor.open(place.path, O_RDONLY | O_DIRECTORY), to: raw)
        }
    }

    private func write(tree: consuming Descriptor, to output: Int32) throws {
        let options = LayerWriterOptions(.tree, compression: .none)
        _ = try LayerWriter.write(tree, options: options) { try writeAll($0, to: output) }
    }

    /// Makes an image of a container: its image with what was written in it as one more layer.
    ///
    /// - Returns: the image's ID.
    public func commit(_ container: ContainerRecord, making: ImageMaking) async throws -> Digest {
        do {
            let base = try resolve(container.imageIdentifier)
            try keep(base)
            var draft = try ImageDraft(from: base)
            let specification = container.specification
            draft.changeConfiguration { specification.write(into: &$0) }
            let snapshots = snapshots
            let command = specification.arguments.joined(separator: " ")
            return try await make(making, from: draft, by: command) { folder in
                let intake = try LayerIntake(in: folder)
                let stream = StreamHash(.sha256)
                _ = try LayerWriter.write(
                    try snapshots.changes(key: container.id), options: LayerWriterOptions(.overlay),
                    onData: { stream.hash.update($0) }, output: { try intake.append($0) })
                return (intake, try stream.hash.digest(), .ociLayerGzip)
            }
        } catch {
            throw failure("commit container \(container.name)", error)
        }
    }

    /// Shows layers as one read-only root while `body` runs.
    private func viewing<T>(_ layers: [String], _ body: (borrowing Descriptor) throws -> T) throws -> T {
        let key = "view-\(try ScratchFolder.ownName())"
        try snapshots.prepare(key: key, layers: layers)
        defer { try? snapshots.remove(key: key) }
        let place = try ScratchFolder(in: imports)
        try snapshots.mount(key: key, at: place.path, readOnly: true)
        defer { try? snapshots.unmount(at: place.path) }
        return try body(try Descriptor.open(place.path, O_RDONLY | O_DIRECTORY))
    }
}

extension ContainerSpecification {
    /// Writes what an image can say of it into the image's `config` object.
    fileprivate func write(into config: inout JSONValue) {
        config["Env"] = .strings(environment)
        config["Cmd"] = command.isEmpty ? nil : .strings(command)
        config["Entrypoint"] = (entrypoint ?? []).isEmpty ? nil : .strings(entrypoint ?? [])
        config["WorkingDir"] = workingFolder.map { .string($0) }
        config["User"] = user.map { .string($0) }
        config["Labels"] = labels.isEmpty ? nil : .strings(labels)
        config["StopSignal"] = stopSignal.map { .string($0) }
    }
}
