internal import AsyncHTTPClient
internal import ContentStore
internal import NIOHTTP1
public import OCISpec
internal import Support

extension RegistryClient {
    /// The artifacts that refer to a document of the repository (OCI distribution specification, "Listing Referrers"), from
    /// the registry's own list or, where it keeps none, from the one under the tag that stands in for it.
    ///
    /// - Parameter type: only artifacts of this kind.
    public func referrers(
        of digest: Digest, in reference: ImageReference, artifactType type: String? = nil
    ) async throws -> [Referrer] {
        var found: [Referrer] = []
        var request = RegistryRequest(reference, "referrers/\(digest)")
        request.expected = [404]
        request.headers = Self.accepting([.ociIndex])
        if let type { request.query = ["artifactType=\(escaped(type))"] }
        for _ in 0..<Self.mostPages {
            let page = try await retrying { [request] in try await listPage(request) }
            guard let page, page.type == .ociIndex else {
                // 404, or what a registry without this part of the specification answers.
                found = try await taggedReferrers(of: digest, in: reference)
                break
            }
            found += try Referrer.list(page.bytes)
            guard let next = page.next else { break }
            request.address = next
        }
        return type.map { type in found.filter { $0.artifactType == type } } ?? found
    }

    /// The stand-in's tag: `sha256-<hex>`, cut to what a tag may have.
    static func referrersTag(_ digest: Digest) -> String {
        String("\(digest.algorithm.rawValue)-\(digest.hex)".prefix(128))
    }

    private func taggedReferrers(of digest: Digest, in reference: ImageReference) async throws -> [Referrer] {
        do {
            let list = try await document(reference.tagged(Self.referrersTag(digest)), accepting: [.ociIndex])
            return try Referrer.list(list.bytes)
        } catch let error as RuntimeError where error.code == .notFound {
            return []
        }
    }

    func addReferrer(_ referrer: Referrer, of digest: Digest, in reference: ImageReference) async throws {
        try await changeReferrers(of: digest, in: reference) { all in
            all.removeAll { $0.descriptor.digest == referrer.descriptor.digest }
            all.append(referrer)
        }
    }

    func removeReferrer(_ gone: Digest, of digest: Digest, in reference: ImageReference) async throws {
        try await changeReferrers(of: digest, in: reference) { all in
            all.removeAll { $0.descriptor.digest == gone }
        }
    }

    /// The list under the tag is read, changed and put: who changes it at the same instant may be lost, as the
    /// specification warns.
    private func changeReferrers(
        of digest: Digest, in reference: ImageReference, _ change: (inout [Referrer]) -> Void
    ) async throws {
        let before = try await taggedReferrers(of: digest, in: reference)
        var after = before
        change(&after)
        if after == before { return }
        try await putManifest(Referrer.text(after), .ociIndex, to: reference.tagged(Self.referrersTag(digest)))
    }
}
