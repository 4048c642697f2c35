// Gives documents by a grammar, damaged at random, to the readers of image documents.
//
// fuzz-documents [COUNT [SEED [FOLDER]]]   runs COUNT executions; a document that kills, hangs or fools a reader is kept
//                                           in FOLDER, and the exit code is 1
// fuzz-documents --range SEED FIRST LAST    runs these executions in this process
import Glibc

let words = CommandLine.arguments
if words.count == 5, words[1] == "--range", let seed = UInt64(words[2]), let first = UInt64(words[3]),
    let last = UInt64(words[4])
{
    exit(Batch(seed: seed, first: first, last: last).run())
}
guard words.count <= 4, let count = UInt64(words.count > 1 ? words[1] : "100000"),
    let seed = words.count > 2 ? UInt64(words[2]) : UInt64.random(in: 0 ... .max)
else {
    print("usage: fuzz-documents [COUNT [SEED [FOLDER]]]")
    exit(64)
}
exit(Campaign(seed: seed, count: count, folder: words.count > 3 ? words[3] : ".").run())
