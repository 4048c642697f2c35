internal import AsyncHTTPClient
internal import ContentStore
internal import NIOHTTP1
public import OCISpec
internal import Support

/// A manifest or index as a registry has it.
public struct FetchedDocument: Sendable {
    /// Its type, digest and size.
    public let descriptor: ContentDescriptor
    /// Its bytes, verified.
    public let bytes: [UInt8]
}

extension RegistryClient {
    /// Gets the manifest or index that `reference` names by digest or tag.
    ///
    /// - Throws: `notFound`, `permissionDenied`, `unavailable`, `timeout`; `resourceExhausted` for more than
    ///   ``ImageDocumentLimits/manifestBytes`` or too many requests; `invalidState` for a wrong digest.
    public func manifest(_ reference: ImageReference) async throws -> FetchedDocument {
        try await retrying { try await manifestOnce(reference) }
    }

    private func manifestOnce(_ reference: ImageReference) async throws -> FetchedDocument {
        let response = try await get(
            reference, "manifests/\(reference.manifestName)", Self.accepting(MediaType.manifests))
        let (bytes, found) = try await verified(response, reference)
        let type = try mediaType(
            bytes, response.headers.first(name: "Content-Type"), address(reference, "").authority)
        return FetchedDocument(
            descriptor: ContentDescriptor(mediaType: type, digest: found, size: Int64(bytes.count)), bytes: bytes)
    }

    /// Gets a manifest of any kind, such as an artifact's; only size and digest are checked.
    ///
    /// - Parameter types: what is asked for; the answer may be of another type.
    /// - Throws: as ``manifest(_:)``.
    public func document(_ reference: ImageReference, accepting types: [MediaType]) async throws -> FetchedDocument {
        try await retrying {
            let response = try await get(reference, "manifests/\(reference.manifestName)", Self.accepting(types))
            let (bytes, found) = try await verified(response, reference)
            let type = Self.mediaType(response.headers)
            return FetchedDocument(
                descriptor: ContentDescriptor(mediaType: type, digest: found, size: Int64(bytes.count)), bytes: bytes)
        }
    }

    static func accepting(_ types: [MediaType]) -> HTTPHeaders {
        HTTPHeaders([("Accept", types.map(\.rawValue).joined(separator: ", "))])
    }

    /// What the registry says that a document is, without parameters.
    static func mediaType(_ headers: HTTPHeaders) -> MediaType {
        MediaType(rawValue: String((headers.first(name: "Content-Type") ?? "").prefix { $0 != ";" && $0 != " " }))
    }

    /// The body of an answer, held against the digest that was asked for or promised.
    private func verified(
        _ response: HTTPClientResponse, _ reference: ImageReference
    ) async throws -> ([UInt8], Digest) {
        let registry = address(reference, "").authority
        let bytes = try await read(response, limit: ImageDocumentLimits.manifestBytes, from: registry)
        let promised = try reference.digest ?? response.headers.first(name: "Docker-Content-Digest").map(Digest.init)
        let found = try ContentHash.digest(of: bytes, promised?.algorithm ?? .sha256)
        if let promised, promised != found {
            throw RuntimeError(
                .invalidState,
                "registry \(registry): sent a manifest with the digest \(found) where \(promised) was due")
        }
        return (bytes, found)
    }

    /// What a document is: what it says itself must parse as what the registry says it is.
    private func mediaType(_ bytes: [UInt8], _ header: String?, _ registry: String) throws -> MediaType {
        let said = MediaType(rawValue: String((header ?? "").prefix { $0 != ";" && $0 != " " }))
        if said.isIndex { return try ImageIndex(bytes).mediaType }
        if said.isManifest { return try Manifest(bytes).mediaType }
        if said.rawValue.hasPrefix("application/vnd.docker.distribution.manifest.v1") {
            throw RuntimeError(.unsupported, "registry \(registry): a Docker schema 1 manifest, which is not supported")
        }
        if let index = try? ImageIndex(bytes) { return index.mediaType }
        return try Manifest(bytes).mediaType
    }
}
