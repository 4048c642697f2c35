internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import OCISpec
internal import Support

/// Asks the server that a challenge names for a token (distribution's token and OAuth 2 specifications).
struct TokenFetch: Sendable {
    /// What we call ourselves to token servers.
    static let client = "hako"

    let options: RegistryOptions
    let transport: Transport

    /// Gets a token for the rights wanted.
    ///
    /// - Parameter keepsLogin: asks for a token that can be kept in place of the password.
    /// - Throws: `permissionDenied` where the login is refused or would go where it must not; a ``RegistryFailure`` where
    ///   another try may help.
    func token(
        _ challenge: Challenge, _ purpose: Authorizer.Purpose, _ login: RegistryCredential?, keepsLogin: Bool
    ) async throws -> TokenDocument {
        let shown = "registry \(purpose.registry.authority)"
        guard let realm = challenge.parameters["realm"], let base = Address(realm) else {
            throw RuntimeError(.unavailable, "\(shown): it asks for a token without a valid realm")
        }
        try check(base, purpose.registry, hasLogin: login != nil)
        var fields = purpose.scopes.map { ("scope", $0) }
        if let service = challenge.parameters["service"] { fields.append(("service", service)) }
        let request =
            if let identity = login?.identityToken {
                refreshing(base, fields, identity)
            } else {
                asking(base, fields, login, keepsLogin)
            }
        let response = try await transport.execute(request).response
        let body = try await readDocument(response, limit: 256 << 10, from: base.authority, options)
        guard response.status.code == 200 else {
            throw refusal(response, body, base.authority, shown, purpose.loginName)
        }
        return try TokenDocument(body, base.authority)
    }

    /// A login never goes by plain HTTP to a host that was not trusted with that.
    private func check(_ realm: Address, _ registry: Address, hasLogin: Bool) throws {
        if realm.isSecure { return }
        let isKnown =
            isLoopbackHost(realm.host) || realm.host.lowercased() == registry.host.lowercased()
            || options.plainRegistries.contains(realm.authority)
        if registry.isSecure || hasLogin && !isKnown {
            throw RuntimeError(
                .permissionDenied,
                "registry \(registry.authority): its tokens come by plain HTTP (\(realm.authority))")
        }
    }

    /// The token specification's form: a query, with the login in the header.
    private func asking(
        _ base: Address, _ fields: [(String, String)], _ login: RegistryCredential?, _ keepsLogin: Bool
    ) -> Transport.Request {
        var fields = fields
        if let login, !login.user.isEmpty { fields.append(("account", login.user)) }
        if keepsLogin { fields += [("client_id", Self.client), ("offline_token", "true")] }
        let joint = base.target.contains("?") ? "&" : "?"
        let address = Address(
            isSecure: base.isSecure, authority: base.authority, target: base.target + joint + Self.form(fields))
        var request = Transport.Request(address: address)
        if let header = login?.basic { request.headers.add(name: "Authorization", value: header) }
        return request
    }

    /// OAuth 2's form for a token kept from a login.
    private func refreshing(_ base: Address, _ fields: [(String, String)], _ token: String) -> Transport.Request {
        // One field with all scopes, as OAuth 2 has it.
        let scope = fields.filter { $0.0 == "scope" }.map(\.1).joined(separator: " ")
        let all =
            [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", Self.client), ("scope", scope)]
            + fields.filter { $0.0 != "scope" }
        var request = Transport.Request(method: .POST, address: base)
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        request.body = .bytes(ByteBuffer(string: Self.form(all)))
        request.isBodySecret = true
        return request
    }

    private static func form(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0)=\(escaped($0.1))" }.joined(separator: "&")
    }

    private func refusal(
        _ response: HTTPClientResponse, _ body: [UInt8], _ server: String, _ shown: String, _ loginName: String
    ) -> any Error {
        let failure = RegistryAnswer(response, body, server).failure(.init(loginName: loginName))
        if failure is RegistryFailure { return failure }
        return RuntimeError((failure as? RuntimeError)?.code ?? .permissionDenied, "\(shown): log in", cause: failure)
    }
}
