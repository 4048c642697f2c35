internal import ArgumentParser
internal import ContainerService
internal import OCISpec
internal import Support

/// `hako system df`.
struct DiskUsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "df", abstract: "Show what takes how much of the disk.",
        discussion: "Fields for --format: Type, TotalCount, Active, Size, Reclaimable.")

    @OptionGroup var globals: GlobalOptions

    @Flag(name: [.short, .long], help: "What each byte is for.")
    var verbose = false

    @Option(help: ArgumentHelp("table, json or a template.", valueName: "form"))
    var format: String?

    func run() throws {
        let engine = try Engine(globals, runs: false)
        let usage = try engine.imageService.systemUsage(engine.containers)
        if verbose {
            guard format == nil else { throw RuntimeError(.invalidArgument, "--verbose has no --format") }
            return try DetailedUsage(usage: usage).print()
        }
        var listing = Listing([
            .init("Type", "TYPE"), .init("TotalCount", "TOTAL"), .init("Active", "ACTIVE"), .init("Size", "SIZE"),
            .init("Reclaimable", "RECLAIMABLE"),
        ])
        listing.rows = Self.rows(usage)
        try listing.print(format: format)
    }

    private static func rows(_ usage: SystemUsage) -> [[String]] {
        let idle = usage.containers.filter { !$0.record.isRunning }
        let written = usage.containers.reduce(0) { $0 + $1.size }
        let volumeBytes = usage.volumes.reduce(0) { $0 + $1.size }
        let unused = usage.volumes.filter { $0.links == 0 }
        let cacheBytes = usage.cache.reduce(0) { $0 + $1.size }
        return [
            row(
                "Images", usage.images.count, usage.images.filter { $0.containers > 0 }.count,
                usage.imageBytes + usage.strayBytes, usage.reclaimableImageBytes),
            row(
                "Containers", usage.containers.count, usage.containers.count - idle.count, written,
                idle.reduce(0) { $0 + $1.size }),
            row(
                "Local Volumes", usage.volumes.count, usage.volumes.count - unused.count, volumeBytes,
                unused.reduce(0) { $0 + $1.size }),
            row("Build Cache", usage.cache.count, 0, cacheBytes, cacheBytes),
        ]
    }

    private static func row(_ type: String, _ total: Int, _ active: Int, _ size: Int64, _ free: Int64) -> [String] {
        let share = size > 0 ? " (\(free * 100 / size)%)" : ""
        return [type, "\(total)", "\(active)", Quantities.size(size), Quantities.size(free) + share]
    }
}

/// `hako system df -v`.
struct DetailedUsage {
    let usage: SystemUsage

    func print() throws {
        Console.line("Images space usage:\n")
        try images().print(format: nil)
        Console.line("\nContainers space usage:\n")
        try containers().print(format: nil)
        Console.line("\nLocal Volumes space usage:\n")
        try volumes().print(format: nil)
        let cached = usage.cache.reduce(0) { $0 + $1.size }
        Console.line("\nBuild cache usage: \(Quantities.size(cached))\n")
        try cache().print(format: nil)
        Console.line("\nStore space usage:\n")
        try store().print(format: nil)
    }

    private func images() -> Listing {
        var listing = Listing([
            .init("Repository", "REPOSITORY"), .init("Tag", "TAG"), .init("ID", "IMAGE ID"),
            .init("CreatedSince", "CREATED"), .init("Size", "SIZE"), .init("SharedSize", "SHARED SIZE"),
            .init("UniqueSize", "UNIQUE SIZE"), .init("Containers", "CONTAINERS"),
        ])
        listing.rows = usage.images.map { image in
            let (repository, tag) = image.listing.name.map(ServiceImages.parts) ?? ("<none>", "<none>")
            return [
                repository, tag, image.listing.identifier.short, Moments.ago(image.listing.created),
                Quantities.size(image.size), Quantities.size(image.shared), Quantities.size(image.unique),
                "\(image.containers)",
            ]
        }
        return listing
    }

    private func containers() -> Listing {
        var listing = Listing([
            .init("ID", "CONTAINER ID"), .init("Image", "IMAGE"), .init("Command", "COMMAND"),
            .init("LocalVolumes", "LOCAL VOLUMES"), .init("Size", "SIZE"), .init("CreatedSince", "CREATED"),
            .init("Status", "STATUS"), .init("Names", "NAMES"),
        ])
        listing.rows = usage.containers.map { container in
            let record = container.record
            let command = printable(record.specification.arguments.joined(separator: " "))
            let volumes = record.specification.mounts.filter { if case .volume = $0.source { true } else { false } }
            return [
                record.shortID, record.specification.image, "\"\(command.prefix(20))\"", "\(volumes.count)",
                Quantities.size(container.size), Moments.ago(record.created), record.lifecycle.name, record.name,
            ]
        }
        return listing
    }

    private func volumes() -> Listing {
        var listing = Listing([.init("Name", "VOLUME NAME"), .init("Links", "LINKS"), .init("Size", "SIZE")])
        listing.rows = usage.volumes.map { [$0.name, "\($0.links)", Quantities.size($0.size)] }
        return listing
    }

    private func cache() -> Listing {
        var listing = Listing([
            .init("ID", "CACHE ID"), .init("Size", "SIZE"), .init("CreatedSince", "CREATED"),
            .init("LastUsedSince", "LAST USED"), .init("UsageCount", "USAGE"),
        ])
        listing.rows = usage.cache.map { record in
            [
                String(record.key.prefix(12)), Quantities.size(record.size), Moments.ago(record.created),
                Moments.ago(record.used), "\(record.uses)",
            ]
        }
        return listing
    }

    /// Where the bytes of images lie.
    private func store() -> Listing {
        var listing = Listing([.init("What", "WHAT"), .init("Size", "SIZE")])
        listing.rows = [
            ["Blobs of images", Quantities.size(usage.blobBytes)],
            ["Unpacked layers of images", Quantities.size(usage.layerBytes)],
            ["Blobs and layers that no image has", Quantities.size(usage.strayBytes)],
            ["Unfinished downloads", Quantities.size(usage.ingestBytes)],
        ]
        return listing
    }
}
