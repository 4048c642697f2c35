public import ContainerService
internal import Glibc
internal import Linux
internal import Support

/// The Docker Engine API over a host's containers and images.
public final class DockerService: Sendable {
    let host: ContainerHost
    private let server: HTTPServer

    /// - Parameter log: told of failures, a line each.
    public init(_ host: ContainerHost, limits: ServerLimits = ServerLimits(), log: @escaping @Sendable (String) -> Void)
    {
        self.host = host
        let router = Router(routes: Self.routes(host), log: log)
        server = HTTPServer(limits: limits) { exchange in router.serve(exchange) }
    }

    /// Listens on a Unix socket of mode 0660, of the group `docker` where there is one.
    public func listen(path: String) throws {
        let group = getgrnam("docker").map(\.pointee.gr_gid)
        try server.listen(path: path, mode: 0o660, gid: group)
    }

    /// Takes a socket that listens already.
    public func adopt(_ descriptor: Int32) throws {
        try server.adopt(descriptor)
    }

    /// Closes every connection.
    public func shutdown() { server.shutdown() }

    /// Every route, by topic.
    static func routes(_ host: ContainerHost) -> [Route] {
        SystemRoutes(host: host).routes + ImageRoutes(host: host).routes + ContainerRoutes(host: host).routes
            + ExecRoutes(host: host).routes + VolumeRoutes(host: host).routes + BuildRoutes(host: host).routes
            + AbsentRoutes.routes
    }
}
