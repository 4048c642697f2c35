internal import ContentStore
internal import Linux
internal import OCISpec
internal import RegistryClient
internal import Support

extension BuildSession {
    /// An image that a stage stands upon or copies from, here and unpacked.
    func image(_ name: String, platform: Platform?) throws -> Image {
        let images = images
        let progress = progress
        let pulls = request.pullsAlways
        let handler: ImageProgressHandler = { progress(.pull($0)) }
        return try waitFor {
            pulls
                ? try await images.pull(name, platform: platform, progress: handler)
                : try await images.ensure(name, platform: platform, progress: handler)
        }
    }

    /// Downloads an address into a new file.
    func download(_ address: String, to path: String, limit: Int64) throws {
        let registry = images.registry
        try waitFor { try await registry.download(address, to: path, limit: limit) }
    }
}
