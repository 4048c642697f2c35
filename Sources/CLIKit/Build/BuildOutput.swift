internal import ContainerService
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// `--output`.
struct BuildOutput {
    private enum Form: String, CaseIterable {
        case local, tar, oci, docker, image
    }

    private let form: Form
    private let destination: String

    /// Parses `type=FORM,dest=PATH`, or a folder, or `-` for an archive on the standard output.
    init(_ text: String) throws {
        guard text.contains("=") else {
            (form, destination) = text == "-" ? (.tar, "-") : (.local, text)
            return
        }
        var wanted: Form?
        var place = ""
        for field in text.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
            switch (parts[0], parts.count) {
            case ("type", 2):
                wanted = Form(rawValue: parts[1])
                if wanted == nil {
                    throw RuntimeError(
                        .invalidArgument,
                        "--output: type \"\(parts[1])\": known are \(Form.allCases.map(\.rawValue).joined(separator: ", "))"
                    )
                }
            case ("dest", 2): place = parts[1]
            default: throw RuntimeError(.invalidArgument, "--output \"\(text)\": known are type= and dest=")
            }
        }
        guard let found = wanted else { throw RuntimeError(.invalidArgument, "--output \"\(text)\": no type") }
        guard found == .image || !place.isEmpty else {
            throw RuntimeError(.invalidArgument, "--output \"\(text)\": no dest")
        }
        form = found
        destination = place
    }

    /// Writes the image.
    func write(_ result: BuildResult, _ tags: [ImageReference], _ builder: ImageBuilder) throws {
        switch form {
        case .image: return
        case .local: try builder.exportFolder(result, to: destination)
        case .tar: try builder.exportRoot(result, to: try open())
        case .oci: try builder.exportLayout(result, tags, to: try open())
        case .docker: try builder.exportDockerArchive(result, tags, to: try open())
        }
    }

    private func open() throws -> Descriptor {
        guard destination == "-" else {
            return try Descriptor.open(destination, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        }
        if Console.isTerminal {
            throw RuntimeError(.invalidArgument, "--output: an archive is not written to a terminal")
        }
        return Descriptor(owning: try check("dup") { dup(1) })
    }
}
