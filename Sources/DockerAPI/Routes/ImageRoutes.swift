internal import ContainerService
internal import Dockerfile
internal import JSON
internal import OCISpec
internal import RegistryClient
internal import Support

/// Images: what is here, and how it gets here.
struct ImageRoutes: Sendable {
    let host: ContainerHost
    private var documents: ImageDocuments { ImageDocuments(images: host.images) }

    init(host: ContainerHost) { self.host = host }

    var routes: [Route] {
        [
            Route("GET", "/images/json", list), Route("POST", "/images/create", create),
            Route("GET", "/images/get", save), Route("POST", "/images/load", load),
            Route("POST", "/images/prune", prune), Route("POST", "/build/prune", pruneCache),
            Route("GET", "/images/{name...}/json") { call in
                let platform = try call.platform()
                try call.reply(
                    try missing(call.value("name")) { try documents.inspection(call.value("name"), platform: platform) }
                )
            },
            Route("GET", "/images/{name...}/history") { call in
                try call.reply(try missing(call.value("name")) { try documents.history(call.value("name")) })
            },
            Route("GET", "/images/{name...}/get", save), Route("POST", "/images/{name...}/tag", tag),
            Route("POST", "/images/{name...}/push", push), Route("DELETE", "/images/{name...}", remove),
        ]
    }

    /// Runs `body`; where it finds no image, the answer has the words that clients look for.
    private func missing<T>(_ name: String, _ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as RuntimeError where error.code == .notFound {
            throw APIError(404, "No such image: \(name)")
        }
    }

    /// The login that comes with a request.
    private func login(_ call: RouteCall) throws -> RegistryCredential? {
        try call.exchange.request.header("x-registry-auth").flatMap(RegistryCredential.reading(header:))
    }

    // MARK: Lists

    private func list(_ call: RouteCall) throws {
        let filters = try APIFilters(
            call.query, known: ["before", "dangling", "label", "label!", "reference", "since", "until"])
        let listings = try host.images.listings()
        let chosen = try select(listings, filters)
        let counts = Dictionary(grouping: try host.containers.list(), by: \.imageIdentifier).mapValues(\.count)
        let groups = Dictionary(grouping: chosen, by: \.identifier).values.sorted {
            ($1[0].created ?? 0, $0[0].identifier.hex) < ($0[0].created ?? 0, $1[0].identifier.hex)
        }
        try call.reply(
            groups.compactMap { group in
                documents.summary(group, containers: counts[group[0].identifier.description] ?? 0)
            })
    }

    private func select(_ listings: [ImageListing], _ filters: APIFilters) throws -> [ImageListing] {
        var chosen = listings
        if let dangling = try filters.flag("dangling") { chosen = chosen.filter { ($0.name == nil) == dangling } }
        for text in filters.all("before") {
            let limit = try created(text)
            chosen = chosen.filter { ($0.created ?? 0) < limit }
        }
        for text in filters.all("since") {
            let limit = try created(text)
            chosen = chosen.filter { ($0.created ?? 0) > limit }
        }
        for text in filters.all("until") {
            let limit = try Timestamps.instant(text)
            chosen = chosen.filter { ($0.created ?? 0) < limit }
        }
        let patterns = try filters.all("reference").map { try PathPattern($0) }
        if !patterns.isEmpty { chosen = chosen.filter { listing in patterns.contains { Self.fits(listing, $0) } } }
        if !filters.all("label").isEmpty || !filters.all("label!").isEmpty {
            chosen = chosen.filter { filters.passesLabels(host.images.labels(of: $0)) }
        }
        return chosen
    }

    private func created(_ name: String) throws -> Int64 {
        Timestamps.seconds(try missing(name) { try host.images.resolve(name) }.configuration.created) ?? 0
    }

    /// Whether the name, with or without its tag and in its short or full form, fits.
    private static func fits(_ listing: ImageListing, _ pattern: PathPattern) -> Bool {
        guard let reference = listing.reference else { return false }
        let tag = reference.tag.map { ":\($0)" } ?? ""
        let short = String(reference.familiar.prefix { $0 != "@" })
        let names = [short, String(short.dropLast(tag.count)), reference.name, reference.name + tag]
        return names.contains { pattern.matches($0) }
    }

    // MARK: Names

    private func tag(_ call: RouteCall) throws {
        let repository = call.query.text("repo") ?? ""
        let name = call.query.text("tag").map { "\(repository):\($0)" } ?? repository
        try missing(call.value("name")) { try host.images.tag(call.value("name"), as: name) }
        let identifier = try host.images.resolve(name).identifier.description
        host.events.add(Event(.image, "tag", identifier, ["name": ImageDocuments.familiar(name)]))
        try call.done(201)
    }

    private func remove(_ call: RouteCall) throws {
        let name = call.value("name")
        let removal = try missing(name) {
            try host.images.remove(
                name, force: call.query.flag("force"), collects: !call.query.flag("noprune"), uses: host.imageUses())
        }
        var lines: [JSONValue] = []
        for name in removal.untagged {
            lines.append(.members([("Untagged", .string(ImageDocuments.familiar(name)))]))
            host.events.add(Event(.image, "untag", removal.deleted?.description ?? name, ["name": name]))
        }
        if let deleted = removal.deleted {
            lines.append(.members([("Deleted", .string(deleted.description))]))
            host.events.add(Event(.image, "delete", deleted.description, ["name": deleted.description]))
        }
        lines += removal.layers.map { .members([("Deleted", .string("sha256:\($0)"))]) }
        try call.reply(lines)
    }

    private func prune(_ call: RouteCall) throws {
        let filters = try APIFilters(call.query, known: ["dangling", "label", "label!", "until"])
        let pruned = try host.images.prune(
            all: try filters.flag("dangling") == false, filters.pruning(), uses: host.imageUses())
        let lines =
            pruned.untagged.map { JSONValue.members([("Untagged", .string($0))]) }
            + pruned.deleted.map { .members([("Deleted", .string($0.description))]) }
        host.events.add(Event(.image, "prune", "", ["reclaimed": "\(pruned.bytes)"]))
        try call.reply(
            .members([
                ("ImagesDeleted", lines.isEmpty ? .null : .array(lines)), ("SpaceReclaimed", .integer(pruned.bytes)),
            ]))
    }

    private func pruneCache(_ call: RouteCall) throws {
        let filters = try APIFilters(
            call.query, known: ["until", "id", "parent", "type", "inuse", "shared", "private"])
        let pruned = try host.images.pruneCache(until: try filters.pruning().until)
        try call.reply(
            .members([("CachesDeleted", .strings(pruned.keys)), ("SpaceReclaimed", .integer(pruned.bytes))]))
    }

    // MARK: Registries

    private func create(_ call: RouteCall) throws {
        guard let name = call.query.text("fromImage") else {
            guard call.query.text("fromSrc") != nil else { throw APIError(400, "fromImage or fromSrc is needed") }
            return try importRoot(call)
        }
        let reference = try Self.reference(name, tag: call.query.text("tag"))
        let platform = try call.platform()
        let stream = ProgressStream(call.exchange)
        try stream.running {
            let before = try? host.images.resolve(reference.description, platform: platform).target.digest
            let lines = PullLines(stream)
            stream.status(
                "Pulling from \(Self.repository(reference))", id: reference.tag ?? reference.digest?.description)
            let image = try host.withImages(login: try login(call)) { images in
                try await images.pull(reference.description, platform: platform) { lines.show($0) }
            }
            lines.finish(image.manifest.layers.map(\.digest.short))
            stream.status("Digest: \(image.target.digest)")
            let what = before == image.target.digest ? "Image is up to date" : "Downloaded newer image"
            stream.status("Status: \(what) for \(reference.familiar)")
            host.events.add(Event(.image, "pull", reference.familiar, ["name": reference.familiar]))
        }
    }

    /// The name and tag of a query as one reference; a tag may be a digest.
    static func reference(_ name: String, tag: String?) throws -> ImageReference {
        guard let tag else { return try ImageReference(name) }
        return try ImageReference(tag.contains(":") ? "\(name)@\(tag)" : "\(name):\(tag)")
    }

    /// A name in full; nil where it is none.
    static func full(_ name: String) -> String? { (try? ImageReference(name))?.description }

    private static func repository(_ reference: ImageReference) -> String {
        reference.registry == "docker.io" ? reference.repository : reference.repository
    }

    private func push(_ call: RouteCall) throws {
        let reference = try Self.reference(call.value("name"), tag: call.query.text("tag"))
        let platform = try call.platform()
        _ = try? call.exchange.document()
        let stream = ProgressStream(call.exchange)
        try stream.running {
            stream.status("The push refers to repository [\(reference.name)]")
            let result = try host.withImages(login: try login(call)) { images in
                try await images.push(reference.description, platform: platform) { step in
                    stream.layer(step.content.digest.short, Self.words(step.phase), step.bytes, step.content.size)
                }
            }
            let tag = result.reference.tag ?? ""
            stream.status("\(tag): digest: \(result.target.digest) size: \(result.target.size)")
            stream.auxiliary(
                .members([
                    ("Tag", .string(tag)), ("Digest", .string(result.target.digest.description)),
                    ("Size", .integer(result.target.size)),
                ]))
            host.events.add(Event(.image, "push", reference.familiar, ["name": reference.familiar]))
        }
    }

    private static func words(_ phase: PushProgress.Phase) -> String {
        switch phase {
        case .preparing: "Preparing"
        case .pushing: "Pushing"
        case .pushed: "Pushed"
        case .present: "Layer already exists"
        case .mounted(let from): "Mounted from \(from)"
        }
    }
}
