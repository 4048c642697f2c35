// Reads archives made from a grammar and then damaged; a crash, a hang or a disagreement of the gzip libraries is a
// finding, kept as a file.
//
// usage: archive-fuzz [--seed N] [--count N] [--keep DIR]   fuzz; exits with 1 where something was found
//        archive-fuzz FILE…                                 read kept cases again
import Glibc

let arguments = CommandLine.arguments.dropFirst()

func option(_ name: String, _ standard: String) -> String {
    guard let index = arguments.firstIndex(of: name), index + 1 < arguments.endIndex else { return standard }
    return arguments[index + 1]
}

let seed = UInt64(option("--seed", "1")) ?? 1
let count = UInt64(option("--count", "100000")) ?? 100_000

if let files = Optional(arguments.prefix { !$0.hasPrefix("--") }), !files.isEmpty {
    for file in files { print("\(file): \(FuzzCase(bytes: readWhole(file)).run() ? "valid" : "refused")") }
    exit(0)
}

let campaign = Campaign(seed: seed, count: count, folder: option("--keep", "fuzz-found"))
exit(campaign.run() == 0 ? 0 : 1)
