internal import CLIKit
internal import Glibc

exit(HakoProgram.run(Array(CommandLine.arguments.dropFirst())))
