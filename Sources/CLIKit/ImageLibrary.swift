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
    ///
    /// - Parameters:
    ///   - collects: whether what nothing uses any more goes at once.
    ///   - uses: the containers that there are.
    func remove(_ reference: String, force: Bool, collects: Bool, uses: [ImageUse]) throws -> [String]
}

/// When an image is pulled.
enum PullPolicy: String, CaseIterable {
    case missing, always, never
}

/// An image in a list.
struct ImageSummary: Sendable {
    /// The full name; nil for an image without one.
    var name: String?
    var repository: String
    var tag: String
    var digest: String
    var identifier: String
    /// Seconds of the Unix epoch; nil where the image does not say.
    var created: Int64?
    /// Bytes of its layers in the store.
    var size: Int64
    /// What it runs on.
    var platform: String
}
