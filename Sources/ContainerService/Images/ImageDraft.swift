internal import ContentStore
internal import JSON
internal import Metadata
internal import OCISpec
internal import Support

/// A layer that is in the store, with the hash of what it unpacks to.
struct FinishedLayer: Sendable {
    let content: ContentDescriptor
    let diffID: Digest
}

/// An image in the making: a configuration document, changed and given a layer, from which a manifest follows.
struct ImageDraft {
    /// The configuration, in the order in which it is written.
    private(set) var document: JSONValue
    private var layers: [ContentDescriptor]
    private var diffIDs: [Digest]

    /// Nothing, for a platform.
    init(platform: Platform) {
        document = .object([
            .init("architecture", .string(platform.architecture)), .init("os", .string(platform.os)),
            .init("config", .object([])),
        ])
        if !platform.variant.isEmpty { document["variant"] = .string(platform.variant) }
        (layers, diffIDs) = ([], [])
    }

    /// An image to go on from.
    init(from image: Image) throws {
        document = try JSONValue(image.configuration.raw)
        layers = image.manifest.layers
        diffIDs = image.configuration.diffIDs
        for stale in ["container", "container_config", "docker_version", "id", "parent"] { document[stale] = nil }
    }

    /// Changes the part that says how containers run.
    mutating func changeConfiguration(_ body: (inout JSONValue) throws -> Void) rethrows {
        var config = document["config"] ?? .null
        if case .object = config {} else { config = .object([]) }
        try body(&config)
        document["config"] = config
    }

    /// Puts a layer on top and tells how it was made.
    mutating func add(_ layer: FinishedLayer?, created: Int64, by command: String, comment: String, author: String) {
        if let layer {
            layers.append(layer.content)
            diffIDs.append(layer.diffID)
        }
        let time = JSONValue.string(Timestamps.text(created))
        var step = JSONValue.object([.init("created", time), .init("created_by", .string(command))])
        if !author.isEmpty { (document["author"], step["author"]) = (.string(author), .string(author)) }
        if !comment.isEmpty { step["comment"] = .string(comment) }
        if layer == nil { step["empty_layer"] = .bool(true) }
        document["created"] = time
        var history: [JSONValue] = []
        if case .array(let before)? = document["history"] { history = before }
        document["history"] = .array(history + [step])
    }

    /// Writes configuration and manifest into the store.
    ///
    /// - Returns: the manifest's descriptor and the image's ID.
    func commit(to store: ContentStore) throws -> (target: ContentDescriptor, identifier: Digest) {
        var document = document
        document["rootfs"] = .object([
            .init("type", .string("layers")), .init("diff_ids", .strings(diffIDs.map(\.description))),
        ])
        let configuration = document.json()
        _ = try ImageConfiguration(configuration)
        let identifier = try store.write(configuration)
        let manifest = JSONWriter.text { writer in
            writer.object { object in
                object.member("schemaVersion", 2)
                object.member("mediaType", MediaType.ociManifest.rawValue)
                object.member("config") {
                    ContentDescriptor(
                        mediaType: .ociConfiguration, digest: identifier, size: Int64(configuration.count)
                    ).write(to: &$0)
                }
                object.member("layers") { list in
                    list.array { list in for layer in layers { layer.write(to: &list) } }
                }
            }
        }
        _ = try Manifest(manifest)
        let digest = try store.write(manifest)
        return (ContentDescriptor(mediaType: .ociManifest, digest: digest, size: Int64(manifest.count)), identifier)
    }
}
