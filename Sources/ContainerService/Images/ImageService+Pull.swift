internal import ContentStore
internal import Linux
public import OCISpec
internal import Support

extension ImageService {
    /// Brings an image in from where `text` says (see ``ImageOrigin``) and unpacks it; what is here already is used.
    ///
    /// - Parameter platform: nil is this machine's.
    public func pull(
        _ text: String, platform: Platform? = nil, progress: @escaping ImageProgressHandler = { _ in }
    ) async throws -> Image {
        let origin = try ImageOrigin(text)
        do {
            let lease = try content.lease()
            defer { withExtendedLifetime(lease) {} }
            switch origin {
            case .registry(let reference):
                let source = RegistrySource(client: registry, reference: reference)
                return try await bringImage(source, platform, progress)
            case .layout(let path, let tag):
                return try await bringImage(
                    try LayoutSource(ImageFiles(folder: path), tag: tag, path: path), platform, progress)
            case .archive(let path, let name):
                let scratch = try ScratchFolder(in: imports)
                let folder = scratch.path
                let source = try await onThread { try ArchiveSource.open(path, name: name, folder: folder) }
                return try await bringImage(source, platform, progress)
            }
        } catch {
            let shown = if case .registry(let reference) = origin { reference.description } else { text }
            throw failure("image \(shown)", error)
        }
    }

    /// Documents first, then layers, then the name: a pull that fails leaves only content that no name refers to.
    func bringImage(
        _ source: any ImageSource, _ platform: Platform?, _ progress: @escaping ImageProgressHandler
    ) async throws -> Image {
        progress(ImageProgress(item: source.name, phase: .resolving, bytes: 0, total: 0))
        let (target, bytes) = try await source.top()
        let manifest = try await bringManifest(source, target, bytes, platform ?? .host)
        guard manifest.configuration.size <= ImageDocumentLimits.configurationBytes else {
            throw RuntimeError(.resourceExhausted, "the image configuration has \(manifest.configuration.size) bytes")
        }
        try await source.fetch(
            manifest.configuration, into: content, arrival: BlobArrival(), progress: { _ in })
        let document = try content.read(
            manifest.configuration.digest, limit: ImageDocumentLimits.configurationBytes)
        let configuration = try ImageConfiguration(document)
        guard (platform ?? .host).rank(configuration.platform) != nil else {
            throw RuntimeError(
                .unsupported, "the image is for \(configuration.platform), not for \(platform ?? .host)")
        }
        let image = try image(source.name, target, manifest, configuration)
        try keep(image)
        try await bringLayers(of: image, progress) { [content] layer, arrival, progress in
            try await source.fetch(layer, into: content, arrival: arrival, progress: progress)
        }
        try content.setImage(source.name, short: source.tag, to: target)
        try remember(image, from: source)
        progress(ImageProgress(item: source.name, phase: .done, bytes: image.size, total: image.size))
        return image
    }

    private func bringManifest(
        _ source: any ImageSource, _ target: ContentDescriptor, _ bytes: [UInt8], _ platform: Platform
    ) async throws -> Manifest {
        var target = target
        var bytes = bytes
        for _ in 0...ImageDocumentLimits.indexDepth {
            try content.write(bytes, target.digest.algorithm)
            if target.mediaType.isManifest { return try Manifest(bytes) }
            guard target.mediaType.isIndex else {
                throw RuntimeError(.unsupported, "a document of the type \(target.mediaType) is no image")
            }
            let index = try ImageIndex(bytes)
            guard let chosen = platform.choose(from: index.manifests) else {
                let known = Set(index.manifests.compactMap { $0.platform?.description }).sorted()
                throw RuntimeError(
                    .notFound, "no image for \(platform) (there are: \(known.prefix(20).joined(separator: ", ")))")
            }
            guard chosen.size <= ImageDocumentLimits.manifestBytes else {
                throw RuntimeError(.resourceExhausted, "manifest \(chosen.digest): \(chosen.size) bytes")
            }
            bytes = try await source.document(chosen)
            target = chosen
        }
        throw tooDeep(target)
    }

    func report(
        _ layer: ContentDescriptor, _ phase: ImageProgress.Phase, _ bytes: Int64, _ progress: ImageProgressHandler
    ) {
        progress(ImageProgress(item: layer.digest.short, phase: phase, bytes: bytes, total: layer.size))
    }

    func failure(_ doing: String, _ error: any Error) -> RuntimeError {
        if error is CancellationError { return RuntimeError(.cancelled, "\(doing): cancelled") }
        return RuntimeError((error as? any CodedError)?.runtimeCode ?? .internal, doing, cause: error)
    }
}
