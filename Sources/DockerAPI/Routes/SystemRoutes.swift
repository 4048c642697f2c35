internal import ContainerService
internal import Glibc
internal import JSON
internal import Linux
internal import OCISpec
internal import RegistryClient
internal import Support

/// What concerns the daemon as a whole.
struct SystemRoutes: Sendable {
    let host: ContainerHost

    var routes: [Route] {
        [
            Route("GET", "/_ping", ping), Route("GET", "/version") { call in try call.reply(version()) },
            Route("GET", "/info") { call in try call.reply(SystemDocument(host: host).value()) },
            Route("POST", "/auth", logIn), Route("GET", "/events", events),
            Route("GET", "/system/df") { call in try call.reply(UsageDocument(host: host).value()) },
        ]
    }

    private func ping(_ call: RouteCall) throws {
        // Version 1 of the builder: the one whose context comes with POST /build.
        try call.exchange.respond(
            200, type: "text/plain; charset=utf-8", Array("OK".utf8),
            headers: [
                ("Builder-Version", "1"), ("Cache-Control", "no-cache, no-store, must-revalidate"),
                ("Pragma", "no-cache"), ("Swarm", "inactive"),
            ])
    }

    private func version() -> JSONValue {
        let facts = MachineFacts()
        let component = JSONValue.members([
            ("Name", .string("Engine")), ("Version", .string(hakoVersion)),
            (
                "Details",
                .members([
                    ("ApiVersion", .string(APIVersion.newest.description)), ("Arch", .string(facts.architecture)),
                    ("Experimental", .string("false")), ("KernelVersion", .string(facts.kernel)),
                    ("MinAPIVersion", .string(APIVersion.oldest.description)), ("Os", .string("linux")),
                ])
            ),
        ])
        return .members([
            ("Platform", .members([("Name", .string("hako"))])), ("Components", .array([component])),
            ("Version", .string(hakoVersion)), ("ApiVersion", .string(APIVersion.newest.description)),
            ("MinAPIVersion", .string(APIVersion.oldest.description)), ("GitCommit", .string("")),
            ("GoVersion", .string("")), ("Os", .string("linux")), ("Arch", .string(facts.architecture)),
            ("KernelVersion", .string(facts.kernel)), ("BuildTime", .string("")),
        ])
    }

    private func logIn(_ call: RouteCall) throws {
        let bytes = try call.exchange.document()
        guard let login = try RegistryCredential.reading(document: bytes) else {
            throw APIError(400, "a username is needed")
        }
        let address = (try? JSONValue(bytes))?["serveraddress"]?.text ?? ""
        let registry = address.isEmpty ? "docker.io" : DockerConfiguration.registryName(address)
        do {
            let kept = try host.verify(login, registry: registry)
            try call.reply(
                .members([
                    ("IdentityToken", .string(kept.identityToken ?? "")), ("Status", .string("Login Succeeded")),
                ]))
        } catch let error as RuntimeError where error.code == .permissionDenied { throw APIError(401, "\(error)") }
    }

    // MARK: Events

    private func events(_ call: RouteCall) throws {
        let filter = try EventFilter(call.query)
        let exchange = call.exchange
        try exchange.begin(type: "application/json")
        exchange.onClose { [host] in host.events.wake() }
        if let until = filter.until { try wake(at: until, exchange) }
        var (events, number) = host.events.kept()
        if filter.since == nil { events = [] }
        while true {
            for event in events where filter.fits(event) { try exchange.write(EventDocument.line(event)) }
            let more = host.events.next(number) { exchange.isClosed || filter.isOver }
            guard let more else { return }
            (events, number) = more
        }
    }

    /// Wakes who waits for events when the time has come.
    private func wake(at until: Int64, _ exchange: Exchange) throws {
        try startThread { [host] in
            while true {
                let left = until - Event(.daemon, "", "").time
                if left <= 0 || exchange.isClosed { break }
                usleep(UInt32(min(left / 1000 + 1, 500_000)))
            }
            host.events.wake()
        }
    }
}

/// What of the machine is told.
struct MachineFacts {
    let kernel = (try? readText("/proc/sys/kernel/osrelease"))?.split(separator: "\n").first.map(String.init) ?? ""
    let architecture = Platform.host.architecture
    /// As uname(2) names it.
    var machine: String { architecture == "amd64" ? "x86_64" : architecture == "arm64" ? "aarch64" : architecture }
    let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let memory = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    let name = (try? readText("/proc/sys/kernel/hostname"))?.split(separator: "\n").first.map(String.init) ?? ""

    /// `PRETTY_NAME` of /etc/os-release.
    var operatingSystem: String {
        let lines = ((try? readText("/etc/os-release")) ?? "").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("PRETTY_NAME=") } ?? "PRETTY_NAME=Linux"
        return line.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" }
    }

    /// `2` where cgroup version 2 is alone, else `1`.
    var cgroupVersion: String { access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ? "2" : "1" }
}
