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
        var headers = HTTPHeaders()
        headers.add(name: "Accept", value: MediaType.manifests.map(\.rawValue).joined(separator: ", "))
        let response = try await get(reference, "manifests/\(reference.manifestName)", headers)
        let registry = address(reference, "").authority
        let bytes = try await read(response, limit: ImageDocumentLimits.manifestBytes, from: registry)
        let promised = try reference.digest ?? response.headers.first(name: "Docker-Content-Digest").map(Digest.init)
        let found = try ContentHash.digest(of: bytes, promised?.algorithm ?? .sha256)
        if let promised, promised != found {
            throw RuntimeError(
                .invalidState,
                "registry \(registry): sent a manifest with the digest \(found) where \(promised) was due")
        }
        let type = try mediaType(bytes, response.headers.first(name: "Content-Type"), registry)
        return FetchedDocument(
            descriptor: ContentDescriptor(mediaType: type, digest: found, size: Int64(bytes.count)), bytes: bytes)
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
