internal import ArgumentParser
internal import ContainerService
internal import OCISpec

/// What `import` and `commit` are told of the image that they make.
struct MakingOptions: ParsableArguments {
    @Option(
        name: [.customShort("c"), .long],
        help: ArgumentHelp("A change of the configuration, such as 'CMD [\"sh\"]' or 'ENV A=B'.", valueName: "line"))
    var change: [String] = []

    @Option(name: [.customShort("m"), .long], help: "A remark for the history.")
    var message: String?

    /// The domain's value.
    func making(_ name: String?, author: String? = nil, platform: String? = nil) throws -> ImageMaking {
        var making = ImageMaking()
        making.name = try name.map { try ImageReference($0) }
        making.author = author ?? ""
        making.comment = message ?? ""
        making.changes = try change.map { try ImageChange($0) }
        making.platform = try platform.map { try Platform($0) }
        return making
    }
}
