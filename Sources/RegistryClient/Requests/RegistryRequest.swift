internal import NIOCore
internal import NIOHTTP1
internal import OCISpec

/// A request of a repository, before it is known which host answers it.
struct RegistryRequest: Sendable {
    var method: HTTPMethod = .GET
    var reference: ImageReference
    /// What stands behind the repository's name, such as `manifests/latest`.
    var path: String
    var query: [String] = []
    /// The whole address, for what a registry told us to ask next; `path` is then of no use.
    var address: Address?
    var headers = HTTPHeaders()
    var body: RequestBody?
    /// What a host must be able to do.
    var capability: RegistryHost.Capabilities = .pull
    /// The rights that a token must carry.
    var scopes: [String]
    /// Statuses besides success that the caller judges itself.
    var expected: Set<UInt> = []
    /// Seconds without an answer before the registry counts as gone; nil is the client's idle timeout.
    var patience: Double?
    /// What is being done, for an error: `push`, `pull` ….
    var action = "pull"

    init(_ reference: ImageReference, _ path: String) {
        self.reference = reference
        self.path = path
        scopes = [Self.scope(reference.repository, "pull")]
    }

    /// Only success, and what is expected, comes back to the caller.
    func accepts(_ status: UInt) -> Bool { (200..<300).contains(status) || expected.contains(status) }

    /// A token server's words for rights (distribution's token specification).
    static func scope(_ repository: String, _ actions: String) -> String { "repository:\(repository):\(actions)" }

    /// A request that changes the registry.
    static func changing(
        _ reference: ImageReference, _ method: HTTPMethod, _ path: String, actions: String = "pull,push"
    ) -> RegistryRequest {
        var request = RegistryRequest(reference, path)
        request.method = method
        request.capability = .push
        request.scopes = [scope(reference.repository, actions)]
        request.action = "push"
        return request
    }
}

/// What a request carries; it can be sent again from its beginning.
enum RequestBody: Sendable {
    /// Bytes in memory.
    case bytes(ByteBuffer)
    /// A part of a file.
    case file(FilePart)
}
