import Glibc
import NamespaceIsolation
import OCIRuntime

exit(RuntimeProgram(NamespaceIsolation(), name: "hako-native").main(Array(CommandLine.arguments.dropFirst())))
