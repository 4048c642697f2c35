internal import ContainerService
internal import JSON
internal import OCISpec

/// What `inspect` prints of an image, in docker's form.
struct ImageDocument {
    let engine: Engine

    func value(_ name: String) throws -> JSONValue {
        let image = try engine.imageService.resolve(name)
        let configuration = try JSONValue(image.configuration.raw)
        let names = try engine.imageService.listings().filter { $0.identifier == image.identifier }
        let references = names.compactMap(\.reference)
        let digests = Set(
            zip(names, names.map(\.reference)).compactMap { listing, reference in
                reference.map { Self.repository($0) + "@\(listing.target)" }
            })
        let config = configuration["config"] ?? .null
        var members: [JSONValue.Member] = [
            .init("Id", .string(image.identifier.description)),
            .init("RepoTags", .strings(references.filter { $0.digest == nil }.map(\.familiar).sorted())),
            .init("RepoDigests", .strings(digests.sorted())), .init("Parent", .string("")),
            .init("Comment", .string(image.configuration.history.last?.comment ?? "")),
            .init("Created", .string(image.configuration.created)),
            .init("DockerVersion", .string(configuration["docker_version"]?.text ?? "")),
            .init("Author", .string(configuration["author"]?.text ?? "")), .init("Config", Self.completed(config)),
            .init("Architecture", .string(image.configuration.platform.architecture)),
        ]
        if !image.configuration.platform.variant.isEmpty {
            members.append(.init("Variant", .string(image.configuration.platform.variant)))
        }
        members += [
            .init("Os", .string(image.configuration.platform.os)), .init("Size", .integer(image.size)),
            .init(
                "GraphDriver",
                .object([
                    .init("Name", .string("overlay")),
                    .init("Data", .object([.init("Layers", .strings(image.layers))])),
                ])),
            .init(
                "RootFS",
                .object([
                    .init("Type", .string("layers")),
                    .init("Layers", .strings(image.configuration.diffIDs.map(\.description))),
                ])),
            .init("Descriptor", Self.descriptor(image.target)),
        ]
        return .object(members)
    }

    private static func repository(_ reference: ImageReference) -> String {
        ServiceImages.parts(reference.description).0
    }

    private static func descriptor(_ content: ContentDescriptor) -> JSONValue {
        .object([
            .init("mediaType", .string(content.mediaType.rawValue)),
            .init("digest", .string(content.digest.description)),
            .init("size", .integer(content.size)),
        ])
    }

    /// The members that clients look for, whether the image has them or not.
    private static func completed(_ config: JSONValue) -> JSONValue {
        var whole = config
        if case .object = whole {} else { whole = .object([]) }
        let defaults: [(String, JSONValue)] = [
            ("User", .string("")), ("Env", .null), ("Cmd", .null), ("Volumes", .null), ("WorkingDir", .string("")),
            ("Entrypoint", .null), ("OnBuild", .null), ("Labels", .null),
        ]
        for (name, value) in defaults where whole[name] == nil { whole[name] = value }
        return whole
    }
}
