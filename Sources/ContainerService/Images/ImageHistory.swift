internal import ContentStore
internal import Metadata
public import OCISpec
internal import Snapshots
internal import Support

/// A step of an image's making, as people read it.
public struct ImageStep: Sendable, Hashable {
    /// The image's ID for the newest step; nil for those before, whose IDs nobody knows.
    public let identifier: Digest?
    /// When, in seconds of the Unix epoch; nil where the image does not say.
    public let created: Int64?
    /// By which command; untrusted.
    public let createdBy: String
    /// A remark; untrusted.
    public let comment: String
    /// Bytes of its unpacked layer; 0 for a step without one.
    public let size: Int64
    /// The names of the image, for the newest step.
    public let names: [String]
}

extension ImageService {
    /// How an image was made, the newest step first.
    public func history(_ text: String, platform: Platform? = nil) throws -> [ImageStep] {
        let image = try resolve(text, platform: platform)
        let usage = try usage(of: image.layers)
        // Of a layer that is not unpacked the blob's size is known.
        var sizes = zip(image.layers, image.manifest.layers).map { usage[$0]?.bytes ?? $1.size }[...]
        var history = image.configuration.history
        // An image that tells less than its layers: the rest has a step each.
        let told = history.filter { !$0.isEmptyLayer }.count
        history += Array(repeating: ImageConfiguration.History(), count: max(0, sizes.count - told))
        let names = try content.images().filter { $0.target.digest == image.target.digest && !$0.isNameless }.map(
            \.name)
        let steps = history.map { step in (step, step.isEmptyLayer ? 0 : sizes.popFirst() ?? 0) }
        return steps.reversed().enumerated().map { number, step in
            ImageStep(
                identifier: number == 0 ? image.identifier : nil, created: Timestamps.seconds(step.0.created),
                createdBy: step.0.createdBy, comment: step.0.comment, size: step.1, names: number == 0 ? names : [])
        }
    }
}
