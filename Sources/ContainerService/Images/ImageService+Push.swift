internal import ContentStore
internal import Metadata
public import OCISpec
internal import RegistryClient
internal import Support

extension ImageService {
    /// How many blobs are sent at a time.
    private static let uploads = 5

    /// Puts an image into the registry that its name says, with every platform whose content is here.
    ///
    /// - Parameters:
    ///   - text: a name with a tag; the tag `latest` where it has none.
    ///   - platform: only the image for it.
    ///   - progress: called for each step of a blob, from any thread.
    /// - Throws: `notFound` where there is no such name or its content is not here; what the registry refuses.
    public func push(
        _ text: String, platform: Platform? = nil, progress: @escaping @Sendable (PushProgress) -> Void = { _ in }
    ) async throws -> PushResult {
        let reference = try ImageReference(text)
        do {
            guard reference.digest == nil else {
                throw RuntimeError(.invalidArgument, "a name with a digest can't be pushed to; give it a tag")
            }
            guard let target = try content.image(named: reference.description) else {
                throw RuntimeError(.notFound, "no such image here; \"hako tag\" gives one a name")
            }
            // What is being sent must not be collected meanwhile.
            let lease = try content.lease()
            defer { withExtendedLifetime(lease) {} }
            // The document leads to all that is sent.
            try content.protect([target.digest.description])
            let plan = try PushPlan(target, platform: platform, store: content)
            try await send(plan, to: reference, progress)
            return PushResult(reference: reference, target: plan.top.content, missing: plan.missing)
        } catch {
            throw failure("image \(reference.familiar)", error)
        }
    }

    /// The full names here of a repository's tags, sorted.
    public func tagged(_ repository: ImageReference) throws -> [ImageReference] {
        try content.images().compactMap { try? ImageReference($0.name) }
            .filter { $0.name == repository.name && $0.tag != nil && $0.digest == nil }
    }

    private func send(
        _ plan: PushPlan, to reference: ImageReference, _ progress: @escaping @Sendable (PushProgress) -> Void
    ) async throws {
        for blob in plan.blobs { progress(PushProgress(content: blob, phase: .preparing, bytes: 0)) }
        let sources = plan.blobs.isEmpty ? [:] : try holders(of: Set(plan.blobs.map(\.digest)), beside: reference)
        // The largest first: the last ones are then short.
        let waiting = plan.blobs.sorted { $0.size > $1.size }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, blob) in waiting.enumerated() {
                if number >= Self.uploads { try await group.next() }
                group.addTask {
                    try await self.sendBlob(blob, to: reference, sources[blob.digest] ?? [], progress)
                }
            }
            try await group.waitForAll()
        }
        for document in plan.inner {
            try await registry.putManifest(
                document.bytes, document.content.mediaType, to: reference.at(document.content.digest))
        }
        try await registry.putManifest(plan.top.bytes, plan.top.content.mediaType, to: reference)
    }

    private func sendBlob(
        _ blob: ContentDescriptor, to reference: ImageReference, _ sources: [String],
        _ progress: @escaping @Sendable (PushProgress) -> Void
    ) async throws {
        let outcome = try await registry.push(blob, from: content, to: reference, mountableFrom: sources) { bytes in
            progress(PushProgress(content: blob, phase: .pushing, bytes: bytes))
        }
        let phase: PushProgress.Phase =
            switch outcome {
            case .present: .present
            case .mounted(let source): .mounted(from: source)
            case .uploaded: .pushed
            }
        progress(PushProgress(content: blob, phase: phase, bytes: blob.size))
    }

    /// Repositories of the same registry that may hold blobs: those whose images here have them.
    private func holders(of blobs: Set<Digest>, beside reference: ImageReference) throws -> [Digest: [String]] {
        var found: [Digest: [String]] = [:]
        for named in try content.images() {
            guard let other = try? ImageReference(named.name), other.registry == reference.registry,
                other.repository != reference.repository,
                let plan = try? PushPlan(named.target, platform: nil, store: content)
            else { continue }
            for blob in plan.blobs where blobs.contains(blob.digest) {
                if found[blob.digest]?.contains(other.repository) != true {
                    found[blob.digest, default: []].append(other.repository)
                }
            }
        }
        return found
    }
}
