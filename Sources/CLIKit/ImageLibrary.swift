internal import ContainerService

/// The images that commands can use.
protocol ImageLibrary: Sendable {
    /// The images themselves, for commands that do more than these.
    var service: ImageService { get }
    /// The image, ready to make containers from; pulled where the policy says so.
    func ensure(_ reference: String, platform: String?, policy: PullPolicy, progress: PullDisplay) throws
        -> ContainerImage
    /// The images that are here, newest first.
    func list() throws -> [ImageSummary]
    /// Takes a name away, and the image where it was its last; returns what was done, a line each.
    func remove(_ reference: String, force: Bool) throws -> [String]
}

/// When an image is pulled.
enum PullPolicy: String, CaseIterable {
    case missing, always, never
}

/// An image in a list.
struct ImageSummary: Sendable {
    var repository: String
    var tag: String
    var digest: String
    var identifier: String
    /// Seconds of the Unix epoch; nil where the image does not say.
    var created: Int64?
    /// Bytes on disk.
    var size: Int64
}
