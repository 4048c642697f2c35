/// What one client can take of the server at most.
public struct ServerLimits: Sendable {
    /// Connections at a time; further ones are told 503.
    public var connections = 1000
    /// Bytes of a request's head.
    public var headBytes = 64 << 10
    /// Header fields of a request.
    public var headerFields = 200
    /// Bytes of a request body that is a document.
    public var documentBytes = 4 << 20
    /// Bytes of a body or of raw input that wait for whoever reads them, before the client has to wait.
    public var bufferedBytes = 256 << 10
    /// Seconds within which a request's head, and each further part of its body, must come.
    public var requestSeconds: Int64 = 30
    /// Seconds that a connection stays open without a request.
    public var idleSeconds: Int64 = 300

    /// The usual ones.
    public init() {}
}
