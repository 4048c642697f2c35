internal import ContainerService
internal import Glibc
internal import JSON
internal import Support

/// Named volumes.
struct VolumeRoutes: Sendable {
    let host: ContainerHost

    var routes: [Route] {
        [
            Route("GET", "/volumes", list), Route("POST", "/volumes/create", create),
            Route("POST", "/volumes/prune", prune),
            Route("GET", "/volumes/{name}") { call in
                try call.reply(VolumeDocument.value(try find(call.value("name")), host))
            },
            Route("DELETE", "/volumes/{name}", remove),
            Route("GET", "/networks") { call in
                try call.reply(["host", "none"].map(NetworkDocument.value))
            },
            Route("GET", "/networks/{name}") { call in
                let name = call.value("name")
                guard ["host", "none"].contains(name) else { throw APIError(404, "network \(name) not found") }
                try call.reply(NetworkDocument.value(name))
            },
            Route("POST", "/networks/create") { _ in throw Self.noNetworks },
            Route("POST", "/networks/prune") { call in try call.reply(.members([("NetworksDeleted", .null)])) },
        ]
    }

    private static let noNetworks = APIError(
        501, "networks of one's own are not supported yet: use --network none, host or container:NAME")

    private func find(_ name: String) throws -> String {
        guard try host.volumes.names().contains(name) else { throw APIError(404, "get \(name): no such volume") }
        return name
    }

    private func list(_ call: RouteCall) throws {
        let filters = try APIFilters(call.query, known: ["dangling", "driver", "label", "name"])
        let used = volumesInUse()
        var names = try host.volumes.names()
        if let dangling = try filters.flag("dangling") { names = names.filter { (used[$0] == nil) == dangling } }
        names = names.filter { name in
            filters.passes("name") { name.contains($0) } && filters.passes("driver") { $0 == "local" }
                && filters.all("label").isEmpty
        }
        try call.reply(
            .members([("Volumes", .array(names.map { VolumeDocument.value($0, host) })), ("Warnings", .null)]))
    }

    private func create(_ call: RouteCall) throws {
        let body = try call.document()
        let driver = body["Driver"]?.text ?? "local"
        guard ["", "local"].contains(driver) else { throw APIError(404, "plugin \"\(driver)\" not found") }
        for field in ["DriverOpts", "Labels"] where !(body[field]?.fields ?? []).isEmpty {
            throw APIError(501, "\(field) of volumes are not supported yet")
        }
        let wanted = body["Name"]?.text ?? ""
        let name = wanted.isEmpty ? RandomName.volume() : wanted
        try host.volumes.ensure(name)
        host.events.add(Event(.volume, "create", name, ["driver": "local"]))
        try call.reply(VolumeDocument.value(name, host), status: 201)
    }

    private func remove(_ call: RouteCall) throws {
        let name = call.value("name")
        if call.query.flag("force"), try !host.volumes.names().contains(name) { return try call.done() }
        _ = try find(name)
        if let user = volumesInUse()[name] {
            throw APIError(409, "remove \(name): volume is in use - [\(user)]")
        }
        try host.volumes.remove(name)
        host.events.add(Event(.volume, "destroy", name, ["driver": "local"]))
        try call.done()
    }

    private func prune(_ call: RouteCall) throws {
        let filters = try APIFilters(call.query, known: ["all", "label", "label!"])
        let all = try filters.flag("all") ?? (call.version < APIVersion(major: 1, minor: 42))
        let pruned = try host.containers.pruneVolumes(all: all)
        try call.reply(
            .members([
                ("VolumesDeleted", pruned.names.isEmpty ? .null : .strings(pruned.names)),
                ("SpaceReclaimed", .integer(pruned.bytes)),
            ]))
    }

    /// Volumes that containers have, each with one of those.
    private func volumesInUse() -> [String: String] {
        var used: [String: String] = [:]
        for record in host.supervisor.list() {
            for case .volume(let name) in record.specification.mounts.map(\.source) { used[name] = record.id }
        }
        return used
    }
}

/// A volume in the Engine API's form.
enum VolumeDocument {
    static func value(_ name: String, _ host: ContainerHost) -> JSONValue {
        let path = host.volumes.path(name)
        var status = stat()
        let made = stat(path, &status) == 0 ? Timestamps.text(Int64(status.st_ctim.tv_sec)) : ""
        return .members([
            ("CreatedAt", .string(made)), ("Driver", .string("local")), ("Labels", .members([])),
            ("Mountpoint", .string(path)), ("Name", .string(name)), ("Options", .null), ("Scope", .string("local")),
        ])
    }
}

/// The networks that are always there.
enum NetworkDocument {
    static func value(_ name: String) -> JSONValue {
        .members([
            ("Name", .string(name)), ("Id", .string(name)), ("Created", .string("0001-01-01T00:00:00Z")),
            ("Scope", .string("local")), ("Driver", .string(name == "none" ? "null" : name)),
            ("EnableIPv4", .bool(true)), ("EnableIPv6", .bool(false)),
            ("IPAM", .members([("Driver", .string("default")), ("Options", .null), ("Config", .array([]))])),
            ("Internal", .bool(false)), ("Attachable", .bool(false)), ("Ingress", .bool(false)),
            ("ConfigOnly", .bool(false)), ("Containers", .members([])), ("Options", .members([])),
            ("Labels", .members([])),
        ])
    }
}
