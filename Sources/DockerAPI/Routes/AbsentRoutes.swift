/// What a daemon without swarm, plugins and BuildKit answers.
enum AbsentRoutes {
    static var routes: [Route] {
        let swarm = ["nodes", "services", "tasks", "secrets", "configs", "swarm"].flatMap { group in
            [
                Route("GET", "/\(group)", noSwarm), Route("GET", "/\(group)/{rest...}", noSwarm),
                Route("POST", "/\(group)/{rest...}", noSwarm), Route("DELETE", "/\(group)/{rest...}", noSwarm),
            ]
        }
        return swarm + [
            Route("GET", "/plugins") { call in try call.reply([]) },
            Route("POST", "/plugins/{rest...}", noPlugins), Route("GET", "/plugins/{rest...}", noPlugins),
            Route("DELETE", "/plugins/{rest...}", noPlugins),
            Route("POST", "/session", noBuildKit), Route("POST", "/grpc", noBuildKit),
            Route("GET", "/images/search") { _ in
                throw APIError(
                    501, "searching registries is not supported: name the image, such as docker.io/library/debian:12")
            },
        ]
    }

    private static func noSwarm(_ call: RouteCall) throws {
        throw APIError(503, "This node is not a swarm manager. hako has no swarm mode.")
    }

    private static func noPlugins(_ call: RouteCall) throws {
        throw APIError(501, "plugins are not supported")
    }

    private static func noBuildKit(_ call: RouteCall) throws {
        throw APIError(404, "page not found: BuildKit's sessions are not supported; set DOCKER_BUILDKIT=0")
    }
}
