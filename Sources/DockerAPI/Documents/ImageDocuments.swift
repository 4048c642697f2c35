internal import ContainerService
internal import JSON
internal import OCISpec

/// Images in the Engine API's form.
struct ImageDocuments: Sendable {
    let images: ImageService

    /// One image of a list, with all its names.
    func summary(_ listings: [ImageListing], containers: Int) -> JSONValue? {
        guard let first = listings.first else { return nil }
        return .members([
            ("Id", .string(first.identifier.description)), ("ParentId", .string("")),
            ("RepoTags", .strings(Self.tags(listings))), ("RepoDigests", .strings(Self.digests(listings))),
            ("Created", .integer(first.created ?? 0)), ("Size", .integer(first.size)),
            ("SharedSize", .integer(-1)), ("VirtualSize", .integer(first.size)),
            ("Labels", .strings(images.labels(of: first))), ("Containers", .integer(containers)),
        ])
    }

    /// Everything of one image.
    func inspection(_ name: String, platform: Platform? = nil) throws -> JSONValue {
        let image = try images.resolve(name, platform: platform)
        let raw = try JSONValue(image.configuration.raw)
        let listings = try images.listings().filter { $0.identifier == image.identifier }
        let platform = image.configuration.platform
        var members: [(String, JSONValue)] = [
            ("Id", .string(image.identifier.description)), ("RepoTags", .strings(Self.tags(listings))),
            ("RepoDigests", .strings(Self.digests(listings))), ("Parent", .string("")),
            ("Comment", .string(image.configuration.history.last?.comment ?? "")),
            ("Created", .string(image.configuration.created)),
            ("DockerVersion", .string(raw["docker_version"]?.text ?? "")),
            ("Author", .string(image.configuration.author)), ("Config", Self.completed(raw["config"] ?? .null)),
            ("Architecture", .string(platform.architecture)),
        ]
        if !platform.variant.isEmpty { members.append(("Variant", .string(platform.variant))) }
        return .members(members + content(image))
    }

    private func content(_ image: Image) -> [(String, JSONValue)] {
        let names = image.configuration.diffIDs.map(\.description)
        return [
            ("Os", .string(image.configuration.platform.os)), ("Size", .integer(image.size)),
            ("VirtualSize", .integer(image.size)),
            (
                "GraphDriver",
                .members([
                    ("Name", .string("overlay")),
                    ("Data", .members([("Layers", .string(image.layers.joined(separator: ":")))])),
                ])
            ),
            ("RootFS", .members([("Type", .string("layers")), ("Layers", .strings(names))])),
            ("Metadata", .members([("LastTagTime", .string("0001-01-01T00:00:00Z"))])),
            (
                "Descriptor",
                .members([
                    ("mediaType", .string(image.target.mediaType.rawValue)),
                    ("digest", .string(image.target.digest.description)), ("size", .integer(image.target.size)),
                ])
            ),
        ]
    }

    /// How an image was made.
    func history(_ name: String) throws -> [JSONValue] {
        try images.history(name).map { step in
            .members([
                ("Id", .string(step.identifier?.description ?? "<missing>")), ("Created", .integer(step.created ?? 0)),
                ("CreatedBy", .string(step.createdBy)),
                ("Tags", step.names.isEmpty ? .null : .strings(step.names.map(Self.familiar))),
                ("Size", .integer(step.size)), ("Comment", .string(step.comment)),
            ])
        }
    }

    static func familiar(_ name: String) -> String { (try? ImageReference(name).familiar) ?? name }

    private static func tags(_ listings: [ImageListing]) -> [String] {
        listings.compactMap(\.reference).filter { $0.digest == nil }.map(\.familiar).sorted()
    }

    private static func digests(_ listings: [ImageListing]) -> [String] {
        let all = listings.compactMap { listing in
            listing.reference.map { reference in
                let tag = reference.tag.map { ":\($0)" } ?? ""
                let digest = reference.digest.map { "@\($0)" } ?? ""
                return "\(reference.familiar.dropLast(tag.count + digest.count))@\(listing.target)"
            }
        }
        return Set(all).sorted()
    }

    /// The members that clients look for, whether the image has them or not.
    private static func completed(_ config: JSONValue) -> JSONValue {
        var whole = config
        if case .object = whole {} else { whole = .object([]) }
        let defaults: [(String, JSONValue)] = [
            ("Hostname", .string("")), ("Domainname", .string("")), ("User", .string("")),
            ("AttachStdin", .bool(false)), ("AttachStdout", .bool(false)), ("AttachStderr", .bool(false)),
            ("Tty", .bool(false)), ("OpenStdin", .bool(false)), ("StdinOnce", .bool(false)), ("Env", .null),
            ("Cmd", .null), ("Image", .string("")), ("Volumes", .null), ("WorkingDir", .string("")),
            ("Entrypoint", .null), ("OnBuild", .null), ("Labels", .null),
        ]
        for (name, value) in defaults where whole[name] == nil { whole[name] = value }
        return whole
    }
}
