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

    @Test(arguments: [0, 1, 100, 16383, 16384, 16385, 70000])
    func wholeFilesAreReadWithinTheirBound(size: Int) throws {
        let path = "/tmp/hako-whole-\(getpid())-\(size)"
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        try writeAtomically(content, to: path, durable: false)
        defer { unlink(path) }
        for limit in [size, size + 1, 1 << 20] {
            #expect(try Descriptor.open(path, O_RDONLY).readWhole(limit: limit, path) == content)
        }
        if size > 0 {
            let error = try #require(throws: SystemCallError.self) {
                try Descriptor.open(path, O_RDONLY).readWhole(limit: size - 1, path)
            }
            #expect(error.errno == EFBIG)
        }
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
