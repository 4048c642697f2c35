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
            RunCommand.self, CreateCommand.self, StartCommand.self, ContainersCommand.self, KillCommand.self,
            RemoveCommand.self, PullCommand.self, PushCommand.self, LoginCommand.self,
            LogoutCommand.self, ImagesCommand.self, RemoveImageCommand.self, SpecCommand.self,
            InfoCommand.self, VersionCommand.self,
        ])
}
