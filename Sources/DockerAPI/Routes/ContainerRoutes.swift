internal import ContainerService
internal import JSON
internal import Linux
internal import OCISpec
internal import Snapshots
internal import Support

/// Containers: making, listing, and what is done to them.
struct ContainerRoutes: Sendable {
    let host: ContainerHost
    var supervisor: ContainerSupervisor { host.supervisor }
    private var documents: ContainerDocuments { ContainerDocuments(host: host) }

    init(host: ContainerHost) { self.host = host }

    var routes: [Route] {
        [
            Route("GET", "/containers/json", list), Route("POST", "/containers/create", create),
            Route("POST", "/containers/prune", prune), Route("GET", "/containers/{id}/json", inspect),
            Route("POST", "/containers/{id}/start", start), Route("POST", "/containers/{id}/stop", stop),
            Route("POST", "/containers/{id}/restart", restart), Route("POST", "/containers/{id}/kill", kill),
            Route("POST", "/containers/{id}/wait", wait), Route("POST", "/containers/{id}/attach", attach),
            Route("GET", "/containers/{id}/logs", logs), Route("DELETE", "/containers/{id}", remove),
            Route("GET", "/containers/{id}/changes", changes), Route("GET", "/containers/{id}/export", export),
            Route("POST", "/containers/{id}/pause") { call in
                try supervisor.pause(call.value("id"))
                try call.done()
            },
            Route("POST", "/containers/{id}/unpause") { call in
                try supervisor.resume(call.value("id"))
                try call.done()
            },
            Route("POST", "/containers/{id}/rename") { call in
                guard let name = call.query.text("name") else {
                    throw APIError(400, "Neither old nor new names may be empty")
                }
                try supervisor.rename(call.value("id"), to: name)
                try call.done()
            },
            Route("POST", "/containers/{id}/resize") { call in
                let (rows, columns) = try call.terminalSize()
                try supervisor.resize(call.value("id"), rows: rows, columns: columns)
                try call.done(200)
            },
        ]
    }

    // MARK: Making

    private func create(_ call: RouteCall) throws {
        let body = try call.document()
        let request = try CreateRequest(body).specification(name: call.query.text("name")) {
            try supervisor.find($0).id
        }
        let image = try image(request.image, platform: try call.platform())
        let record: ContainerRecord
        do {
            record = try supervisor.create(
                request, image: image.containerImage,
                volumes: CreateRequest(body).volumes + image.configuration.process.volumes)
        } catch let error as RuntimeError where error.code == .alreadyExists {
            throw APIError(409, conflict(call.query.text("name") ?? "", error))
        }
        try call.reply(.members([("Id", .string(record.id)), ("Warnings", .array([]))]), status: 201)
    }

    /// The words that users' scripts look for.
    private func conflict(_ name: String, _ error: RuntimeError) -> String {
        guard let other = try? supervisor.find(name) else { return "Conflict. \(error)" }
        return
            "Conflict. The container name \"/\(other.name)\" is already in use by container \"\(other.id)\". You have to remove (or rename) that container to be able to reuse that name."
    }

    /// The image, with its layers unpacked.
    private func image(_ name: String, platform: Platform?) throws -> Image {
        let image: Image
        do { image = try host.images.resolve(name, platform: platform) } catch let error as RuntimeError
            where error.code == .notFound
        {
            let shown = (try? ImageReference(name).familiar) ?? name
            throw APIError(404, "No such image: \(shown)")
        }
        if try image.layers.allSatisfy({ try host.snapshots.contains(layer: $0) }) { return image }
        return try host.withImages(login: nil) { try await $0.ensure(name, platform: platform) }
    }

    // MARK: Looking

    private func list(_ call: RouteCall) throws {
        let filter = try ContainerFilter(call.query, supervisor)
        var records = supervisor.list().reversed().filter(filter.fits)
        if let limit = try call.query.integer("limit", as: Int.self), limit > 0 {
            records = Array(records.prefix(limit))
        }
        let isSized = call.query.flag("size")
        try call.reply(
            records.map { record in
                var value = documents.summary(record)
                if isSized {
                    value["SizeRw"] = .integer(host.images.writtenBytes(record))
                    value["SizeRootFs"] = .integer(host.images.writtenBytes(record))
                }
                return value
            })
    }

    private func inspect(_ call: RouteCall) throws {
        try call.reply(documents.inspection(try supervisor.find(call.value("id")), sized: call.query.flag("size")))
    }

    private func changes(_ call: RouteCall) throws {
        let kinds: [ContainerChange.Kind: Int] = [.changed: 0, .added: 1, .deleted: 2]
        let changes = try host.images.changes(of: try supervisor.find(call.value("id")))
        try call.reply(
            changes.map { .members([("Path", .string($0.path)), ("Kind", .integer(kinds[$0.kind] ?? 0))]) })
    }

    private func export(_ call: RouteCall) throws {
        let record = try supervisor.find(call.value("id"))
        let mounted = record.isRunning ? host.containers.root(of: record) : nil
        try BodyPipe.send(call.exchange, type: "application/octet-stream") { [host] output in
            try host.images.export(record, mounted: mounted, to: output)
        }
    }

    // MARK: Life

    private func start(_ call: RouteCall) throws {
        let record = try supervisor.find(call.value("id"))
        if record.isRunning { return try call.done(304) }
        do { try supervisor.start(record.id) } catch {
            let code = ContainerService.exitCode(ofStartFailure: error)
            throw code == 125 ? APIError(error) : APIError(400, "failed to create task for container: \(error)")
        }
        try call.done()
    }

    private func stop(_ call: RouteCall) throws {
        let record = try supervisor.find(call.value("id"))
        if !record.isRunning { return try call.done(304) }
        try supervisor.stop(
            record.id, seconds: try call.query.integer("t"), signal: try call.query.text("signal").map(Self.signal))
        try call.done()
    }

    private func restart(_ call: RouteCall) throws {
        let record = try supervisor.find(call.value("id"))
        try supervisor.restart(
            record.id, seconds: try call.query.integer("t"), signal: try call.query.text("signal").map(Self.signal))
        try call.done()
    }

    private func kill(_ call: RouteCall) throws {
        let record = try supervisor.find(call.value("id"))
        let signal = try Self.signal(call.query.text("signal") ?? "SIGKILL")
        do { try supervisor.kill(record.id, signal: signal) } catch let error as RuntimeError
            where error.code == .invalidState
        {
            throw APIError(409, "cannot kill container: \(call.value("id")): \(error)")
        }
        try call.done()
    }

    private static func signal(_ text: String) throws -> Int32 {
        guard let number = Signal.number(of: text), (1...64).contains(number) else {
            throw APIError(400, "invalid signal: \(text)")
        }
        return number
    }

    private func remove(_ call: RouteCall) throws {
        if call.query.flag("link") { throw APIError(501, "links are not supported") }
        let record = try supervisor.find(call.value("id"))
        try supervisor.remove(record.id, force: call.query.flag("force"), volumes: call.query.flag("v"))
        try call.done()
    }

    private func prune(_ call: RouteCall) throws {
        let filters = try APIFilters(call.query, known: ["until", "label", "label!"])
        let going = supervisor.list().filter { !$0.isRunning }
        let sizes = Dictionary(going.map { ($0.id, host.images.writtenBytes($0)) }) { $1 }
        let ids = try supervisor.prune(filters.pruning())
        let bytes = ids.reduce(0) { $0 + (sizes[$1] ?? 0) }
        try call.reply(
            .members([
                ("ContainersDeleted", ids.isEmpty ? .null : .strings(ids)), ("SpaceReclaimed", .integer(bytes)),
            ]))
    }

    private func wait(_ call: RouteCall) throws {
        let text = call.query.text("condition") ?? "not-running"
        guard let condition = ContainerCondition(rawValue: text) else {
            throw APIError(400, "invalid condition: \"\(text)\"")
        }
        let wait = try supervisor.waiting(for: condition, of: call.value("id"))
        let exchange = call.exchange
        // The client starts the container only when it knows that it is waited for.
        try exchange.begin(type: "application/json")
        exchange.onClose { wait.wake() }
        guard let exit = wait.wait(unless: { exchange.isClosed }) else { return }
        var answer: [(String, JSONValue)] = [("StatusCode", .integer(exit.code))]
        if let message = exit.message { answer.append(("Error", .members([("Message", .string(message))]))) }
        try exchange.write(JSONValue.members(answer).json() + [0x0a])
    }
}

extension RouteCall {
    /// `h` and `w`.
    func terminalSize() throws -> (rows: UInt16, columns: UInt16) {
        guard let rows = try query.integer("h", as: UInt16.self), let columns = try query.integer("w", as: UInt16.self)
        else { throw APIError(400, "h and w are needed") }
        return (rows, columns)
    }
}
