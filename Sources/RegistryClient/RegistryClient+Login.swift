internal import AsyncHTTPClient
internal import NIOHTTP1
internal import OCISpec
internal import Support

extension RegistryClient {
    /// Checks a login against the registry's `/v2/`.
    ///
    /// - Parameter registry: as image names have it: `docker.io`, `HOST` or `HOST:PORT`.
    /// - Returns: what to keep: the login, or in place of its password a token that the registry's token server gave.
    /// - Throws: `permissionDenied` where the login is refused; `unavailable`, `timeout`.
    public func verify(_ login: RegistryCredential, for registry: String) async throws -> RegistryCredential {
        let reference = try ImageReference("\(registry)/login")
        guard let host = try hosts(reference).last(where: { $0.mirrored == nil }) else {
            throw RuntimeError(.unsupported, "registry \(registry): only mirrors are configured for it")
        }
        return try await retrying { try await verifyOnce(login, registry, host) }
    }

    private func verifyOnce(
        _ login: RegistryCredential, _ registry: String, _ host: RegistryHost
    ) async throws -> RegistryCredential {
        let address = host.address("")
        let first = try await answer(address, nil, host)
        let body = try await read(first.response, limit: 64 << 10, from: address.authority)
        // One that asks nobody who they are may still ask for more than reading.
        if first.status == 200, first.isOwn { return login }
        let challenges = first.headers["WWW-Authenticate"].compactMap(Challenge.init)
        guard first.status == 401, first.isOwn, let challenge = challenges.first else {
            throw RegistryAnswer(first.response, body, address.authority).failure(.init(loginName: registry))
        }
        var kept = login
        var header = login.basic
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            let purpose = Authorizer.Purpose(registry: host.base, loginName: registry, scopes: [])
            let document = try await TokenFetch(options: options, transport: transport)
                .token(bearer, purpose, login, keepsLogin: true)
            if let token = document.refreshToken {
                kept = RegistryCredential(user: login.user, password: "", identityToken: token)
            }
            header = "Bearer \(document.token)"
        } else if challenge.scheme != "basic" {
            throw RuntimeError(
                .unsupported, "registry \(registry): an unknown kind of login (\(plainText(challenge.scheme)))")
        }
        let second = try await answer(address, header, host)
        let refusal = try await read(second.response, limit: 64 << 10, from: address.authority)
        guard second.status == 200, second.isOwn else {
            if second.status == 401 || second.status == 403 {
                throw RuntimeError(
                    .permissionDenied, "registry \(registry): incorrect username or password (\(second.status))")
            }
            throw RegistryAnswer(second.response, refusal, address.authority).failure(.init(loginName: registry))
        }
        return kept
    }

    private func answer(_ address: Address, _ header: String?, _ host: RegistryHost) async throws -> Transport.Answer {
        var request = Transport.Request(address: address, host: host)
        if let header { request.headers.add(name: "Authorization", value: header) }
        return try await transport.execute(request)
    }
}
