internal import ContainerService
internal import OCISpec
internal import Snapshots
internal import Support

/// The images of ``ImageService``, for commands that wait.
struct ServiceImages: ImageLibrary {
    let service: ImageService
    private let snapshots: any Snapshotter

    /// Images in `root`, unpacked into `snapshots`; logins from docker's own file.
    init(root: String, snapshots: any Snapshotter) throws {
        self.snapshots = snapshots
        service = try ImageService(
            root: root, snapshots: snapshots, registry: RegistryAccess.client(warn: Console.warn))
    }

    func ensure(
        _ reference: String, platform: String?, policy: PullPolicy, progress: PullDisplay
    ) throws -> ContainerImage {
        let wanted = try platform.map { try Platform($0) }
        if policy != .always, case .registry? = try? ImageOrigin(reference) {
            if let found = try? service.resolve(reference, platform: wanted), isUnpacked(found) {
                return found.containerImage
            }
        }
        if policy == .never, (try? service.resolve(reference, platform: wanted)) == nil {
            throw RuntimeError(.notFound, "image \(reference): not here, and --pull is never")
        }
        if policy == .missing, case .registry? = try? ImageOrigin(reference),
            (try? service.resolve(reference, platform: wanted)) == nil
        {
            progress.say("Unable to find image \(reference) here: pulling it")
        }
        let handler: ImageProgressHandler = { step in progress.show(step) }
        let service = service
        let image = try waitFor {
            let result: Result<Image, any Error>
            do {
                result = .success(
                    policy == .always
                        ? try await service.pull(reference, platform: wanted, progress: handler)
                        : try await service.ensure(reference, platform: wanted, progress: handler))
            } catch {
                result = .failure(error)
            }
            await service.shutdown()
            return try result.get()
        }
        return image.containerImage
    }

    private func isUnpacked(_ image: Image) -> Bool {
        image.layers.allSatisfy { layer in (try? snapshots.contains(layer: layer)) == true }
    }

    func list() throws -> [ImageSummary] {
        try service.listings().map { image in
            let (repository, tag) = image.name.map(Self.parts) ?? ("<none>", "<none>")
            return ImageSummary(
                name: image.name, repository: repository, tag: tag, digest: image.target.description,
                identifier: image.identifier.description, created: image.created, size: image.size,
                platform: image.platform)
        }.sorted { ($0.created ?? 0, $1.repository) > ($1.created ?? 0, $0.repository) }
    }

    /// The name as people type it, in its two parts.
    static func parts(_ name: String) -> (String, String) {
        guard let reference = try? ImageReference(name) else { return (name, "<none>") }
        let tag = reference.tag ?? "<none>"
        var familiar = reference.familiar
        if let at = familiar.firstIndex(of: "@") { familiar = String(familiar[..<at]) }
        if let tagged = reference.tag, familiar.hasSuffix(":\(tagged)") { familiar.removeLast(tagged.count + 1) }
        return (familiar, tag)
    }

    func remove(_ reference: String, force: Bool, collects: Bool, uses: [ImageUse]) throws -> [String] {
        let removal = try service.remove(reference, force: force, collects: collects, uses: uses)
        let names = removal.untagged.map { name in (try? ImageReference(name).familiar) ?? name }
        return names.map { "Untagged: \($0)" } + (removal.deleted.map { ["Deleted: \($0)"] } ?? [])
            + removal.layers.map { "Deleted: sha256:\($0)" }
    }
}

extension PullDisplay {
    /// Shows a step of a pull.
    func show(_ step: ImageProgress) {
        switch step.phase {
        case .resolving: update(step.item, phase: "resolving")
        case .done: update(step.item, phase: "done", ended: true)
        default: update(step.item, phase: step.phase.rawValue, done: step.bytes, total: step.total)
        }
    }
}
