import CStart
import Glibc
import NamespaceIsolation
import OCIRuntime

// A loop: a closure here would be the main actor's, and ask the runtime of concurrency at every start whether it is.
var words: [String] = []
for number in 1..<max(1, hako_argument_count()) { words.append(String(cString: hako_argument(number))) }
let program = RuntimeProgram(NamespaceIsolation(), name: "hako-native", sealFailure: hako_seal_errno())
exit(program.main(words))
