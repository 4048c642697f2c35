internal import NIOHTTP1
internal import Support

/// Keeps what registries asked for and the tokens got for it, so that each is fetched once and used until it expires.
///
/// A credential goes to the registry that it is for and to the token server which that registry itself names: never to a
/// host that a redirect led to, and never from HTTPS down to HTTP.
actor Authorizer {
    /// Whom and what for: a registry's origin with the name that logins are looked up by, and the rights wanted.
    struct Purpose: Hashable {
        let registry: Address
        let loginName: String
        let scopes: [String]
    }

    private struct Token {
        let text: String
        let end: ContinuousClock.Instant
    }

    private let options: RegistryOptions
    private let credentials: RegistryClient.Credentials
    private let fetch: TokenFetch
    private var challenges: [String: Challenge] = [:]
    /// What was looked up: a credential helper is a program, run once.
    private var logins: [String: RegistryCredential?] = [:]
    private var tokens: [Purpose: Token] = [:]
    /// Fetches under way, so that requests side by side ask for one token.
    private var pending: [Purpose: Task<TokenDocument, any Error>] = [:]

    init(_ options: RegistryOptions, _ credentials: @escaping RegistryClient.Credentials, _ transport: Transport) {
        self.options = options
        self.credentials = credentials
        fetch = TokenFetch(options: options, transport: transport)
    }

    /// The header to send before anything was asked; nil where nothing is known of the registry yet.
    func header(for purpose: Purpose) async throws -> String? {
        guard let challenge = challenges[origin(purpose)] else { return nil }
        return try await header(for: purpose, challenge)
    }

    /// The header that answers a 401; nil where there is none to give, or none but the one that was refused.
    func answer(_ headers: HTTPHeaders, for purpose: Purpose, refused: String?) async throws -> String? {
        let offered = headers["WWW-Authenticate"].compactMap(Challenge.init)
        guard
            let challenge = offered.first(where: { $0.scheme == "bearer" })
                ?? offered.first(where: { $0.scheme == "basic" })
        else { return nil }
        challenges[origin(purpose)] = challenge
        if let token = tokens[purpose], refused == "Bearer \(token.text)" { tokens[purpose] = nil }
        let header = try await header(for: purpose, challenge)
        return header == refused ? nil : header
    }

    private func header(for purpose: Purpose, _ challenge: Challenge) async throws -> String? {
        if challenge.scheme == "basic" { return try await login(purpose.loginName)?.basic }
        if let token = tokens[purpose], token.end > .now { return "Bearer \(token.text)" }
        if let running = pending[purpose] { return "Bearer \(try await running.value.token)" }
        let task = Task {
            try await fetch.token(challenge, purpose, try await login(purpose.loginName), keepsLogin: false)
        }
        pending[purpose] = task
        defer { pending[purpose] = nil }
        let document = try await task.value
        // A little early, so that it doesn't expire on its way.
        let lifetime = max(document.lifetime * 0.9 - 1, 0)
        tokens[purpose] = Token(text: document.token, end: .now + .seconds(min(lifetime, 86400)))
        return "Bearer \(document.token)"
    }

    /// Whether there is a login for a registry.
    func hasLogin(_ name: String) async -> Bool {
        (try? await login(name)) != nil
    }

    private func login(_ name: String) async throws -> RegistryCredential? {
        if let known = logins[name] { return known }
        let found = try await credentials(name)
        logins[name] = .some(found)
        return found
    }

    private func origin(_ purpose: Purpose) -> String {
        "\(purpose.registry.isSecure ? "https" : "http")://\(purpose.registry.authority.lowercased())"
    }
}
