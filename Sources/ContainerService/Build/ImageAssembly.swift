internal import ContentStore
internal import Metadata
internal import OCISpec
internal import Support

/// Puts the image of a finished build together: layers, configuration, manifest, names.
struct ImageAssembly {
    private let session: BuildSession

    init(_ session: BuildSession) {
        self.session = session
    }

    func finish(_ state: StageState) throws -> BuildResult {
        session.progress(.exporting("layers"))
        let layers = try state.layers.map(session.pack)
        let blobs = layers.compactMap(\.blob)
        try session.commit()
        var process = state.process
        process.environment = state.variables.list
        process.labels.merge(session.request.labels) { _, own in own }
        let configuration = ImageConfiguration.text(
            platform: state.platform, created: Timestamps.text(session.request.sourceDate), author: state.author,
            process: process, diffIDs: layers.map(\.diffID), history: state.history)
        let content = session.images.content
        let identifier = try content.write(configuration)
        let manifest = Manifest.text(
            configuration: .init(
                mediaType: .ociConfiguration, digest: identifier, size: Int64(configuration.count)), layers: blobs)
        let target = ContentDescriptor(
            mediaType: .ociManifest, digest: try content.write(manifest), size: Int64(manifest.count))
        try name(target)
        let counts = session.counts
        return BuildResult(
            identifier: identifier, manifest: target, configuration: configuration, layers: layers.map(\.chainID.hex),
            blobs: blobs, cached: counts.cached, steps: counts.all)
    }

    /// The names asked for; without one only the image's ID finds it.
    private func name(_ target: ContentDescriptor) throws {
        let content = session.images.content
        if session.request.tags.isEmpty {
            return try content.setImage(NamedImage(nameless: target))
        }
        for tag in session.request.tags {
            session.progress(.exporting("naming \(tag.familiar)"))
            try content.setImage(tag.description, short: tag.tag, to: target)
        }
    }
}
