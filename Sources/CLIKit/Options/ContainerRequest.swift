internal import ArgumentParser
internal import ContainerService

/// What `run`, `create` and `spec` are asked for: options, an image and a command, in docker's order.
struct ContainerRequest: ParsableArguments {
    @OptionGroup var options: ContainerOptions

    @Flag(help: "Remove the container once it has ended.")
    var rm = false

    @Flag(name: [.customLong("quiet"), .customShort("q")], help: "Show no progress of a pull.")
    var quiet = false

    @Argument(help: "The image: a name in a registry, oci:FOLDER[:TAG] or docker-archive:FILE.")
    var image: String

    @Argument(help: "The program and its arguments, instead of the image's.")
    var command: [String] = []

    /// The desired configuration.
    func specification() throws -> ContainerSpecification {
        var wanted = try options.specification(image: image, command: command)
        wanted.removesItself = rm
        return wanted
    }

    /// The image, pulled where it is missing.
    func image(of engine: Engine) throws -> ContainerImage {
        try options.image.image(image, engine: engine, quiet: quiet)
    }
}
