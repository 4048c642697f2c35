import Glibc
import Shim

exit(ShimProgram.main(Array(CommandLine.arguments.dropFirst())))
