internal import ArgumentParser
internal import ContainerService
internal import OCISpec
internal import Support

/// `hako push`.
struct PushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Put an image into the registry that its name says.",
        discussion: """
            Every platform whose content is here is pushed; blobs that the registry has are not sent again.
            Examples:
              hako push registry.example.com/tools/box:1.2
              hako push --all-tags registry.example.com/tools/box
              hako push --platform linux/arm64 127.0.0.1:5000/box
            """)

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "Push every tag of the repository that is here.")
    var allTags = false

    @Flag(name: [.short, .long], help: "Show no progress; print the names pushed only.")
    var quiet = false

    @Option(help: ArgumentHelp("Push only the image for this platform.", valueName: "os/arch[/variant]"))
    var platform: String?

    @Argument(help: "The image.")
    var image: String

    func run() throws {
        let wanted = try platform.map { try Platform($0) }
        let reference = try ImageReference(image)
        if allTags, image.contains("@") || reference.tag != "latest" || image.hasSuffix(":latest") {
            throw RuntimeError(.invalidArgument, "a tag or digest can't be used with --all-tags")
        }
        let service = try Engine(globals, runs: false).images.service
        let references = allTags ? try service.tagged(reference) : [reference]
        if references.isEmpty {
            throw RuntimeError(.notFound, "push \(reference.name): no image of this repository is here")
        }
        if !quiet { Console.line("The push refers to repository [\(reference.name)]") }
        try waitFor {
            let result: Result<Void, any Error>
            do {
                for reference in references { try await push(reference, wanted, service) }
                result = .success(())
            } catch {
                result = .failure(error)
            }
            await service.shutdown()
            return try result.get()
        }
    }

    private func push(_ reference: ImageReference, _ wanted: Platform?, _ service: ImageService) async throws {
        let display = PullDisplay(quiet: quiet)
        defer { display.finish() }
        let result = try await service.push(reference.description, platform: wanted) { step in display.show(step) }
        display.finish()
        if quiet {
            Console.line(reference.description)
            return
        }
        if !result.missing.isEmpty, platform == nil {
            let left = result.missing.joined(separator: ", ")
            display.say("Not here and therefore not pushed: \(left)")
        }
        Console.line("\(reference.tag ?? ""): digest: \(result.target.digest) size: \(result.target.size)")
    }
}

extension PullDisplay {
    /// Shows a step of a push, in docker's words.
    func show(_ step: PushProgress) {
        let item = step.content.digest.short
        switch step.phase {
        case .preparing: update(item, phase: "Preparing")
        case .pushing: update(item, phase: "Pushing", done: step.bytes, total: step.content.size)
        case .pushed: update(item, phase: "Pushed", ended: true)
        case .present: update(item, phase: "Layer already exists", ended: true)
        case .mounted(let source): update(item, phase: "Mounted from \(source)", ended: true)
        }
    }
}
