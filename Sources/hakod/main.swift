internal import DockerAPI
internal import Glibc

exit(DaemonProgram.run(Array(CommandLine.arguments.dropFirst())))
