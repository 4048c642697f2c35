internal import ContainerService
internal import JSON
internal import Linux
internal import OCISpec
internal import Support

extension ImageRoutes {
    /// Images as one archive.
    func save(_ call: RouteCall) throws {
        let names = call.query.all("names").flatMap { $0.split(separator: ",").map(String.init) }
        let wanted = names.isEmpty ? [call.value("name")].filter { !$0.isEmpty } : names
        guard !wanted.isEmpty else { throw APIError(400, "names is needed") }
        for name in wanted {
            do { _ = try host.images.resolve(name) } catch let error as RuntimeError where error.code == .notFound {
                throw APIError(404, "No such image: \(name)")
            }
        }
        let platform = try call.platform()
        try BodyPipe.send(call.exchange, type: "application/x-tar") { [host] output in
            try host.images.save(wanted, platform: platform, to: output)
        }
    }

    /// Every image of an archive.
    func load(_ call: RouteCall) throws {
        let platform = try call.platform()
        let stream = ProgressStream(call.exchange)
        try stream.running {
            let archive = SharedDescriptor(try BodyPipe.receive(call.exchange))
            let images = host.images
            let events = host.events
            try waitFor {
                try await images.load(try archive.duplicate(), shown: "the archive", platform: platform) { image in
                    let name = image.name.map(ImageDocuments.familiar)
                    stream.output(name.map { "Loaded image: \($0)\n" } ?? "Loaded image ID: \(image.identifier)\n")
                    events.add(Event(.image, "load", image.identifier.description, ["name": name ?? ""]))
                }
            }
        }
    }

    /// A plain root as an image.
    func importRoot(_ call: RouteCall) throws {
        var making = ImageMaking()
        let source = call.query.text("fromSrc") ?? "-"
        making.comment = call.query.text("message") ?? "Imported from \(source)"
        making.changes = try call.query.all("changes").map { try ImageChange($0) }
        making.platform = try call.platform()
        making.name = try call.query.text("repo").map { try Self.reference($0, tag: call.query.text("tag")) }
        let wanted = making
        let stream = ProgressStream(call.exchange)
        try stream.running {
            let archive = source == "-" ? SharedDescriptor(try BodyPipe.receive(call.exchange)) : nil
            let images = host.images
            let digest = try waitFor {
                if let archive {
                    return try await images.importRoot(try archive.duplicate(), source: "the archive", making: wanted)
                }
                return try await images.importRoot(url: source, making: wanted)
            }
            stream.status(digest.description)
            host.events.add(Event(.image, "import", digest.description, ["name": source]))
        }
    }
}
