internal import AsyncHTTPClient
internal import NIOHTTP1
internal import OCISpec
internal import Support

extension RegistryClient {
    /// Gets something of a repository, logging in where the registry asks for it; only success comes back.
    func get(_ reference: ImageReference, _ path: String, _ headers: HTTPHeaders) async throws -> HTTPClientResponse {
        var request = RegistryRequest(reference, path)
        request.headers = headers
        // Only the registry itself, or a mirror trusted with that, says what a tag means.
        if path.hasPrefix("manifests/"), reference.digest == nil { request.capability = .resolve }
        return try await send(request).response
    }

    /// Sends a request to the hosts that may answer it, one after the other until one does.
    ///
    /// A request that changes something goes to the first host only that takes such.
    func send(_ request: RegistryRequest) async throws -> Transport.Answer {
        let all = try hosts(request.reference).filter { $0.capabilities.contains(request.capability) }
        guard let last = request.capability == .push ? all.first : all.last else {
            throw RuntimeError(
                .unsupported,
                "registry \(request.reference.registry): none of its hosts is configured to \(request.action)")
        }
        var failures = ""
        if request.capability != .push {
            for mirror in all.dropLast() where !isResting(mirror) {
                do {
                    return try await exchange(request, with: mirror)
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    if error is RegistryFailure { rest(mirror) }
                    failures += "; mirror \(mirror.base.authority): \((error as? RegistryFailure)?.error ?? error)"
                }
            }
        }
        do {
            return try await exchange(request, with: last)
        } catch let error as RuntimeError where !failures.isEmpty {
            throw RuntimeError(error.code, "\(error)\(failures)")
        } catch let failure as RegistryFailure where !failures.isEmpty {
            throw RegistryFailure(failure.error.code, "\(failure.error)\(failures)", retryAfter: failure.retryAfter)
        }
    }

    /// One host's answer, with the login that it asks for.
    func exchange(_ request: RegistryRequest, with host: RegistryHost) async throws -> Transport.Answer {
        let registry = request.reference.registry
        let purpose = Authorizer.Purpose(
            registry: host.base, loginName: host.loginName(registry), scopes: request.scopes)
        var sent = Transport.Request(
            method: request.method,
            address: request.address
                ?? host.address("\(request.reference.repository)/\(request.path)", query: request.query),
            headers: request.headers, body: request.body, patience: request.patience)
        // Where a registry sends us elsewhere, neither its certificates nor our login go along.
        let isOwn = sent.address.hasOrigin(of: host.base)
        if isOwn { sent.host = host }
        var header = isOwn ? try await authorizer.header(for: purpose) : nil
        for isLast in [false, true] {
            sent.headers.remove(name: "Authorization")
            if let header { sent.headers.add(name: "Authorization", value: header) }
            let answer = try await transport.execute(sent)
            noteWarnings(answer)
            let status = answer.status
            if request.accepts(status) { return answer }
            let shown = answer.address.authority
            // The rest of a body that is not read would cost the connection.
            let body = (try? await readDocument(answer.response, limit: 64 << 10, from: shown, options)) ?? []
            if status == 401, !isLast, isOwn, answer.isOwn,
                let login = try await authorizer.answer(answer.headers, for: purpose, refused: header)
            {
                header = login
                continue
            }
            if status == 416 { throw RangeRefused() }
            let subject = RegistryAnswer.Subject(
                loginName: purpose.loginName, content: content(request), action: request.action,
                isLoggedIn: isOwn ? await authorizer.hasLogin(purpose.loginName) : false,
                isPlain: !answer.address.isSecure)
            throw RegistryAnswer(answer.response, body, shown).failure(subject)
        }
        throw RuntimeError(.internal, "registry \(registry): no answer")
    }

    /// What the request is about: `a/b:tag`.
    private func content(_ request: RegistryRequest) -> String {
        let reference = request.reference
        guard request.path.hasPrefix("manifests/") else { return reference.repository }
        return reference.repository + (reference.digest.map { "@\($0)" } ?? reference.tag.map { ":\($0)" } ?? "")
    }

    /// `Warning: 299 - "text"` (RFC 7234 section 5.5).
    private func noteWarnings(_ answer: Transport.Answer) {
        for header in answer.headers["Warning"].prefix(10) where header.hasPrefix("299 ") {
            guard let open = header.firstIndex(of: "\""), let close = header.lastIndex(of: "\""), open < close else {
                continue
            }
            let text = header[header.index(after: open)..<close].replacing("\\\"", with: "\"")
            warn("registry \(answer.address.authority): \(plainText(String(text)))")
        }
    }

    /// The whole body of a document's answer.
    func read(_ response: HTTPClientResponse, limit: Int, from registry: String) async throws -> [UInt8] {
        try await readDocument(response, limit: limit, from: registry, options)
    }
}
