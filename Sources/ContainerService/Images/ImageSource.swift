internal import ContentStore
internal import OCISpec
internal import RegistryClient
internal import Support

/// Where an image's documents and blobs are brought from.
protocol ImageSource: Sendable {
    /// The full name that the image gets.
    var name: String { get }
    /// The tag of that name, if any.
    var tag: String? { get }
    /// The repository that can be asked again later, such as `docker.io/library/busybox`; nil where there is none.
    var repository: String? { get }
    /// The index or manifest that the image is.
    func top() async throws -> (content: ContentDescriptor, bytes: [UInt8])
    /// A further index or manifest, of the digest and size named.
    func document(_ content: ContentDescriptor) async throws -> [UInt8]
    /// Brings a blob into the store, verified; `arrival` learns of its bytes as they come.
    func fetch(
        _ content: ContentDescriptor, into store: ContentStore, arrival: BlobArrival,
        progress: @Sendable (Int64) -> Void) async throws
}

extension ImageSource {
    var repository: String? { nil }
}

/// A repository in a registry.
struct RegistrySource: ImageSource {
    let client: RegistryClient
    let reference: ImageReference

    var name: String { reference.description }
    var tag: String? { reference.tag }
    var repository: String? { reference.name }

    func top() async throws -> (content: ContentDescriptor, bytes: [UInt8]) {
        let document = try await client.manifest(reference)
        return (document.descriptor, document.bytes)
    }

    func document(_ content: ContentDescriptor) async throws -> [UInt8] {
        let bytes = try await client.manifest(reference.at(content.digest)).bytes
        guard Int64(bytes.count) == content.size else {
            throw RuntimeError(
                .invalidState, "manifest \(content.digest): \(bytes.count) bytes where \(content.size) were announced")
        }
        return bytes
    }

    func fetch(
        _ content: ContentDescriptor, into store: ContentStore, arrival: BlobArrival,
        progress: @Sendable (Int64) -> Void
    ) async throws {
        do {
            try await client.fetch(content, of: reference, into: store, arrival: arrival, progress: progress)
        } catch let error as RuntimeError where error.code == .notFound && content.mediaType.isForeign {
            throw RuntimeError(.unsupported, "layer \(content.digest): it may not be distributed by registries")
        }
    }
}
