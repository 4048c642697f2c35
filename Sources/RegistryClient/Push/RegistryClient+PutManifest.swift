internal import ContentStore
internal import NIOCore
internal import NIOHTTP1
public import OCISpec
internal import Support

extension RegistryClient {
    /// What a tag or digest refers to, without its bytes; nil where there is nothing.
    ///
    /// - Throws: `unavailable` also where the registry names no digest and the reference has none.
    public func describe(
        _ reference: ImageReference, accepting types: [MediaType] = MediaType.manifests
    ) async throws -> ContentDescriptor? {
        var request = RegistryRequest(reference, "manifests/\(reference.manifestName)")
        request.method = .HEAD
        request.headers = Self.accepting(types)
        request.expected = [404]
        if reference.digest == nil { request.capability = .resolve }
        let answer = try await retrying { [request] in try await send(request) }
        if answer.status == 404 { return nil }
        let registry = address(reference, "").authority
        let said = try answer.headers.first(name: "Docker-Content-Digest").map(Digest.init)
        guard let digest = reference.digest ?? said,
            let size = answer.headers.first(name: "Content-Length").flatMap({ Int64($0) }), size >= 0
        else { throw RuntimeError(.unavailable, "registry \(registry): a manifest without digest or size") }
        if let said, said.algorithm == digest.algorithm, said != digest {
            throw RuntimeError(.invalidState, "registry \(registry): \(said) where \(digest) was asked for")
        }
        return ContentDescriptor(mediaType: Self.mediaType(answer.headers), digest: digest, size: size)
    }

    /// Puts a manifest, index or artifact under the reference's tag, or under its digest where it has one.
    ///
    /// What it refers to must be in the repository already. Where it has a `subject` and the registry doesn't keep
    /// referrers, it is added to the list that stands in for them (OCI distribution specification, "Referrers Tag
    /// Schema").
    ///
    /// - Returns: its digest and size.
    @discardableResult
    public func putManifest(
        _ bytes: [UInt8], _ type: MediaType, to reference: ImageReference
    ) async throws -> ContentDescriptor {
        let digest = try ContentHash.digest(of: bytes, reference.digest?.algorithm ?? .sha256)
        if let wanted = reference.digest, wanted != digest {
            throw RuntimeError(.invalidArgument, "manifest \(wanted): the bytes have the digest \(digest)")
        }
        var request = RegistryRequest.changing(reference, .PUT, "manifests/\(reference.manifestName)")
        request.headers.add(name: "Content-Type", value: type.rawValue)
        request.body = .bytes(ByteBuffer(bytes: bytes))
        let answer = try await retrying { [request] in
            let answer = try await send(request)
            _ = try await read(answer.response, limit: 64 << 10, from: answer.address.authority)
            return answer
        }
        let headers = answer.headers
        if let kept = headers.first(name: "Docker-Content-Digest"),
            reference.digest != nil || kept.hasPrefix("sha256:"),
            kept != digest.description
        {
            throw RuntimeError(
                .invalidState,
                "registry \(answer.address.authority): it kept manifest \(digest) under another digest (\(plainText(kept)))"
            )
        }
        let descriptor = ContentDescriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
        let artifact = try? ArtifactManifest(bytes)
        if let artifact, let subject = artifact.subject, headers.first(name: "OCI-Subject") == nil {
            try await addReferrer(Referrer(descriptor, artifact), of: subject.digest, in: reference)
        }
        return descriptor
    }

    /// Takes a manifest out of its repository by its digest, with all its tags; or one tag where the reference has no
    /// digest and the registry can do that.
    ///
    /// - Throws: `notFound`; `unsupported` where the registry doesn't delete.
    public func deleteManifest(_ reference: ImageReference) async throws {
        let subject = try? await referrerOf(reference)
        var request = RegistryRequest.changing(
            reference, .DELETE, "manifests/\(reference.manifestName)", actions: "pull,delete")
        request.action = "delete"
        _ = try await retrying { [request] in try await send(request) }
        if let subject, let digest = reference.digest {
            try await removeReferrer(digest, of: subject, in: reference)
        }
    }

    /// The subject of an artifact that is about to go; nil for everything else.
    private func referrerOf(_ reference: ImageReference) async throws -> Digest? {
        guard reference.digest != nil else { return nil }
        let document = try await document(reference, accepting: MediaType.manifests)
        return try ArtifactManifest(document.bytes).subject?.digest
    }
}
