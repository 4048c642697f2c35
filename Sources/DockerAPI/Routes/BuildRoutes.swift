internal import Archive
internal import ContainerService
internal import Dockerfile
internal import Glibc
internal import JSON
internal import Linux
internal import OCISpec
internal import Snapshots
internal import Support

/// `POST /build`: the builder whose context comes as the request's body.
struct BuildRoutes: Sendable {
    let host: ContainerHost

    init(host: ContainerHost) { self.host = host }

    var routes: [Route] { [Route("POST", "/build", build)] }

    private func build(_ call: RouteCall) throws {
        let query = call.query
        if query.text("version") == "2" { throw APIError(501, "BuildKit is not supported: set DOCKER_BUILDKIT=0") }
        if let remote = query.text("remote") {
            throw APIError(501, "building from \(remote) is not supported: send the context")
        }
        guard let snapshots = host.snapshots as? OverlaySnapshotter else {
            throw APIError(501, "builds need the storage driver overlay")
        }
        let folder = "\(host.folders.state)/contexts/\(RandomName.volume().prefix(16))"
        try makeDirectories(folder, mode: 0o700)
        defer { try? removeTree(folder) }
        try unpack(call.exchange, into: folder)
        let request = try request(query, call.platform(), folder)
        let stream = ProgressStream(call.exchange)
        let builder = ImageBuilder(
            images: host.images, snapshots: snapshots, runtime: host.containers.runtimeClient, folders: host.folders)
        call.exchange.onClose { builder.cancel() }
        let isQuiet = query.flag("q")
        try stream.running {
            let result = try builder.build(request) { if !isQuiet { Self.tell($0, stream) } }
            let identifier = result.identifier
            stream.auxiliary(.members([("ID", .string(identifier.description))]))
            stream.output(isQuiet ? "\(identifier)\n" : "Successfully built \(identifier.hex.prefix(12))\n")
            for tag in request.tags {
                if !isQuiet { stream.output("Successfully tagged \(tag.familiar)\n") }
                host.events.add(Event(.image, "tag", identifier.description, ["name": tag.familiar]))
            }
        }
    }

    /// Unpacks the context, which nothing can lead out of its folder.
    private func unpack(_ exchange: Exchange, into folder: String) throws {
        let archive = try BodyPipe.receive(exchange)
        do { _ = try LayerExtractor.extract(archive, into: try RootDirectory(opening: folder)) } catch {
            throw APIError(400, "the build context: \(error)")
        }
    }

    private func request(_ query: Query, _ platform: Platform?, _ folder: String) throws -> BuildRequest {
        let name = query.text("dockerfile") ?? "Dockerfile"
        let root = try RootDirectory(opening: folder)
        let text: [UInt8]
        do {
            let file = try root.open(name, O_RDONLY | O_NONBLOCK)
            text = try file.readAll(limit: Dockerfile.fileBytes, name)
        } catch {
            throw APIError(400, "Cannot locate specified Dockerfile: \(name)")
        }
        var ignore = IgnoreFile()
        if let file = try root.openIfPresent(".dockerignore", O_RDONLY | O_NONBLOCK) {
            let lines = try file.readAll(limit: IgnoreFile.fileBytes, ".dockerignore")
            ignore = try IgnoreFile(String(decoding: lines, as: UTF8.self))
        }
        var request = BuildRequest(
            dockerfile: try Dockerfile(text, file: name), context: BuildContext(root, ignore: ignore))
        request.tags = try query.all("t").filter { !$0.isEmpty }.map { try ImageReference($0) }
        request.arguments = try Self.map(query, "buildargs")
        request.labels = try Self.map(query, "labels")
        request.target = query.text("target")
        request.usesCache = !query.flag("nocache")
        request.pullsAlways = query.flag("pull")
        request.platform = platform
        let mode = query.text("networkmode") ?? "default"
        guard let network = ContainerSpecification.Network(rawValue: mode == "default" ? "host" : mode) else {
            throw APIError(501, "--network \(mode) is not supported for builds: there are host and none")
        }
        request.network = network
        return request
    }

    /// An object of strings in a query's value; names without a value are left out.
    private static func map(_ query: Query, _ name: String) throws -> [String: String] {
        guard let text = query.text(name) else { return [:] }
        guard let value = try? JSONValue(Array(text.utf8)) else { throw APIError(400, "\(name): not a JSON object") }
        return value.map
    }

    private static func tell(_ event: BuildProgress, _ stream: ProgressStream) {
        switch event {
        case .started(let step): stream.output("Step \(step.place)/\(step.count) : \(step.text)\n")
        case .cached(let step): stream.output("Step \(step.place)/\(step.count) : \(step.text)\n ---> Using cache\n")
        case .output(_, let bytes): stream.output(String(decoding: bytes, as: UTF8.self))
        case .warning(let text): stream.output("[Warning] \(text)\n")
        case .done, .failed, .pull, .exporting: break
        }
    }
}
