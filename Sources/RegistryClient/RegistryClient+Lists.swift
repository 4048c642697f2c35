internal import AsyncHTTPClient
internal import JSON
internal import NIOHTTP1
public import OCISpec
internal import Support

extension RegistryClient {
    /// The most pages that a list may have, and the most names in all: a registry can't keep us for ever.
    static let mostPages = 10_000
    static let mostNames = 1_000_000

    /// The repository's tags, in the registry's order, over as many pages as it takes.
    ///
    /// - Throws: `notFound` where there is no such repository.
    public func tags(of reference: ImageReference) async throws -> [String] {
        var request = RegistryRequest(reference, "tags/list")
        request.capability = .resolve
        request.query = ["n=1000"]
        return try await names(request, member: "tags")
    }

    /// The registry's repositories, where it lets them be listed.
    ///
    /// - Parameter reference: any image of the registry.
    public func repositories(of reference: ImageReference) async throws -> [String] {
        var request = RegistryRequest(reference, "")
        request.capability = .resolve
        request.scopes = ["registry:catalog:*"]
        guard let host = try hosts(reference).last else { return [] }
        request.address = host.address("_catalog", query: ["n=1000"])
        return try await names(request, member: "repositories")
    }

    private func names(_ first: RegistryRequest, member: String) async throws -> [String] {
        var request = first
        var all: [String] = []
        var seen: Set<Address> = []
        for _ in 0..<Self.mostPages {
            guard let page = try await retrying({ [request] in try await listPage(request) }) else { break }
            let names = try Self.names(page.bytes, member)
            all += names
            if all.count > Self.mostNames {
                throw RuntimeError(
                    .resourceExhausted, "registry \(page.registry): a list of more than \(Self.mostNames) names")
            }
            guard let next = page.next, !names.isEmpty else { break }
            // A page that leads to one that was read would never end.
            guard seen.insert(next).inserted else {
                throw RuntimeError(.unavailable, "registry \(page.registry): its list of \(member) runs in a circle")
            }
            request.address = next
        }
        return all
    }

    private static func names(_ bytes: [UInt8], _ member: String) throws -> [String] {
        var found: [String] = []
        try JSONReader.document(bytes) { reader in
            try reader.object { key, value in
                guard key == member else { return try value.skip() }
                found = try value.optional { reader in try reader.strings() } ?? []
            }
        }
        return found
    }

    /// A page of a list.
    struct ListPage: Sendable {
        let bytes: [UInt8]
        let type: MediaType
        let next: Address?
        let registry: String
    }

    /// Nil where the registry has no such list and the request says that this is expected.
    func listPage(_ request: RegistryRequest) async throws -> ListPage? {
        let answer = try await send(request)
        let registry = answer.address.authority
        let bytes = try await read(answer.response, limit: ImageDocumentLimits.manifestBytes, from: registry)
        if answer.status == 404 { return nil }
        let next = answer.headers["Link"].lazy.compactMap { Self.next($0, answer.address) }.first
        if let next, answer.isOwn, !next.hasOrigin(of: answer.address) {
            throw RuntimeError(
                .permissionDenied, "registry \(registry): its list goes on at another host (\(next.authority))")
        }
        return ListPage(bytes: bytes, type: Self.mediaType(answer.headers), next: next, registry: registry)
    }

    /// `<…>; rel="next"` (RFC 8288).
    private static func next(_ header: String, _ base: Address) -> Address? {
        guard let open = header.firstIndex(of: "<"), let close = header.firstIndex(of: ">"), open < close,
            header[close...].replacing("\"", with: "").range(of: "rel=next") != nil
        else { return nil }
        return Address(String(header[header.index(after: open)..<close]), relativeTo: base)
    }
}
