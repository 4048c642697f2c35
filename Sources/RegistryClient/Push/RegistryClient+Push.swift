public import ContentStore
internal import NIOHTTP1
public import OCISpec
internal import Support

/// How a blob came to be in a repository.
public enum BlobPush: Sendable, Hashable {
    /// It was there.
    case present
    /// The registry took it from another of its repositories.
    case mounted(from: String)
    /// Its bytes were sent.
    case uploaded
}

extension RegistryClient {
    /// Brings a blob of the store into a repository: not at all where it is there, without its bytes where the registry
    /// can take it from another repository, else by an upload that goes on after a dropped connection.
    ///
    /// - Parameters:
    ///   - sources: repositories of the same registry that may hold the blob; the first few are tried.
    ///   - progress: called with the number of bytes sent, after each piece.
    /// - Throws: `notFound` where the store lacks the blob; `invalidState` where the store's is damaged;
    ///   `permissionDenied`, `unavailable`, `timeout`, `resourceExhausted` of the registry.
    public func push(
        _ content: ContentDescriptor, from store: ContentStore, to reference: ImageReference,
        mountableFrom sources: [String] = [], progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async throws -> BlobPush {
        if try await hasBlob(content, in: reference) { return .present }
        var upload = try BlobUpload(self, content, store, reference, progress)
        for source in sources.prefix(Self.mountAttempts) where source != reference.repository {
            if try await upload.mount(from: source) { return .mounted(from: source) }
        }
        do {
            try await upload.run()
        } catch let error as RuntimeError where error.code == .invalidArgument {
            // Refused as not what its digest says: the fault may be the store's.
            try store.verify(content.digest)
            throw error
        }
        return .uploaded
    }

    /// How many repositories a blob is asked of.
    private static let mountAttempts = 3

    /// Whether the repository has the blob, with the size that the descriptor names.
    public func hasBlob(_ content: ContentDescriptor, in reference: ImageReference) async throws -> Bool {
        var request = RegistryRequest.changing(reference, .HEAD, "blobs/\(content.digest)")
        request.expected = [404]
        let answer = try await retrying { [request] in try await send(request) }
        guard answer.status == 200 else { return false }
        return answer.headers.first(name: "Content-Length").flatMap { Int64($0) }.map { $0 == content.size } ?? true
    }

    /// Takes a blob out of a repository.
    ///
    /// - Throws: `notFound`; `unsupported` where the registry doesn't delete.
    public func deleteBlob(_ digest: Digest, of reference: ImageReference) async throws {
        var request = RegistryRequest.changing(reference, .DELETE, "blobs/\(digest)", actions: "delete")
        request.action = "delete"
        _ = try await retrying { [request] in try await send(request) }
    }
}
