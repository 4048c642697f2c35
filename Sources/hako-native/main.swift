import CStart
import Glibc
import NamespaceIsolation
import OCIRuntime

let words = (1..<max(1, hako_argument_count())).map { String(cString: hako_argument($0)) }
let program = RuntimeProgram(NamespaceIsolation(), name: "hako-native", sealFailure: hako_seal_errno())
exit(program.main(words))
