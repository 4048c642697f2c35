internal import ArgumentParser

/// `hako image`.
struct ImageGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Work with images.",
        subcommands: [
            List.self, PullCommand.self, Remove.self, TagCommand.self, Inspect.self, HistoryCommand.self,
            SaveCommand.self, LoadCommand.self, ImportCommand.self, ImagePruneCommand.self,
        ])

    /// `hako image ls`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: ImagesCommand.configuration.abstract,
            discussion: ImagesCommand.configuration.discussion, aliases: ["list"])

        @OptionGroup var command: ImagesCommand

        func run() throws { try command.run() }
    }

    /// `hako image rm`.
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: RemoveImageCommand.configuration.abstract,
            discussion: RemoveImageCommand.configuration.discussion, aliases: ["remove"])

        @OptionGroup var command: RemoveImageCommand

        func run() throws { try command.run() }
    }

    /// `hako image inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect", abstract: "Print all that is known of images.")

        @OptionGroup var globals: GlobalOptions

        @OptionGroup var options: InspectOptions

        func run() throws { try options.run(globals, kinds: [.image]) }
    }
}

/// `hako container`.
struct ContainerGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "container", abstract: "Work with containers.",
        subcommands: [
            List.self, RemoveCommand.self, KillCommand.self, Inspect.self, CommitCommand.self, DiffCommand.self,
            ExportCommand.self, ContainerPruneCommand.self,
        ])

    /// `hako container ls`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: ContainersCommand.configuration.abstract,
            discussion: ContainersCommand.configuration.discussion, aliases: ["list", "ps"])

        @OptionGroup var command: ContainersCommand

        func run() throws { try command.run() }
    }

    /// `hako container inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect", abstract: "Print all that is known of containers.")

        @OptionGroup var globals: GlobalOptions

        @OptionGroup var options: InspectOptions

        func run() throws { try options.run(globals, kinds: [.container]) }
    }
}

/// `hako volume`.
struct VolumeGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume", abstract: "Work with volumes.", subcommands: [VolumePruneCommand.self])
}

/// `hako system`.
struct SystemGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "system", abstract: "Look after what is on the disk.",
        subcommands: [DiskUsageCommand.self, SystemPruneCommand.self, CheckCommand.self])
}
