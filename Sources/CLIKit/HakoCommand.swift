internal import ArgumentParser
internal import Support

/// The program `hako`.
struct HakoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hako", abstract: "Run containers from OCI images.",
        discussion: """
            Examples:
              hako run --rm -it docker.io/library/alpine sh
              hako pull debian:12
              hako ps -a
            """, version: "hako version \(hakoVersion)",
        subcommands: [
            BuildCommand.self, BuilderCommand.self, RunCommand.self, CreateCommand.self, StartCommand.self,
            ContainersCommand.self, KillCommand.self,
            RemoveCommand.self, CommitCommand.self, DiffCommand.self, ExportCommand.self, InspectCommand.self,
            PullCommand.self, PushCommand.self, LoginCommand.self, LogoutCommand.self, ImagesCommand.self,
            RemoveImageCommand.self, TagCommand.self, HistoryCommand.self, SaveCommand.self, LoadCommand.self,
            ImportCommand.self, ImageGroup.self, ContainerGroup.self, VolumeGroup.self, SystemGroup.self,
            SpecCommand.self, InfoCommand.self, VersionCommand.self,
        ])
}
