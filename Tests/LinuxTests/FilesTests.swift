import Glibc
import Linux
import Support
import Testing

@Suite struct FilesTests {
    @Test func failedCallsSayWhatWhyAndOnWhat() throws {
        let error = try #require(throws: SystemCallError.self) { try readFile("/nonexistent/x") }
        #expect("\(error)" == "open /nonexistent/x: no such file or directory (ENOENT)")
        #expect(error.runtimeCode == .notFound)
    }

    @Test func atomicWriteReplaces() throws {
        let folder = "/tmp/hako-files-\(getpid())"
        try makeDirectories("\(folder)/a/b")
        defer { try? removeTree(folder) }
        try writeAtomically(Array("one".utf8), to: "\(folder)/a/b/f")
        try writeAtomically(Array("two".utf8), to: "\(folder)/a/b/f")
        #expect(try readText("\(folder)/a/b/f") == "two")
        #expect(try directoryEntries("\(folder)/a/b") == ["f"])
    }

    @Test func removeTreeDoesNotFollowLinks() throws {
        let folder = "/tmp/hako-remove-\(getpid())"
        try makeDirectories("\(folder)/keep")
        try makeDirectories("\(folder)/tree/deep/er")
        defer { try? removeTree(folder) }
        try writeAtomically([1], to: "\(folder)/keep/f", durable: false)
        #expect(symlink("\(folder)/keep", "\(folder)/tree/link") == 0)
        try removeTree("\(folder)/tree")
        #expect(try directoryEntries(folder) == ["keep"])
        #expect(try directoryEntries("\(folder)/keep") == ["f"])
    }
}
