import Glibc
import Linux
import Testing

@Suite struct RemoveTreeTests {
    /// Folders below each other, deeper than a path or the descriptors reach, with names that are no UTF-8.
    @Test func removesDeepTreesOfAnyNames() throws {
        let top = "/tmp/hako-deep-\(getpid())"
        try makeDirectories(top)
        let name: [CChar] = [CChar(bitPattern: 0xff), CChar(bitPattern: 0xfe), 0]
        var folder = try Descriptor.open(top, O_RDONLY | O_DIRECTORY)
        for _ in 0..<4096 {
            try #require(mkdirat(folder.rawValue, name, 0o700) == 0)
            let file = openat(folder.rawValue, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0)
            try #require(file >= 0)
            close(file)
            let next = openat(folder.rawValue, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            try #require(next >= 0)
            folder = Descriptor(owning: next)
        }
        try removeTree(top)
        #expect(throws: SystemCallError.self) { try directoryEntries(top) }
    }

    @Test func removesClosedFolders() throws {
        let top = "/tmp/hako-closed-\(getpid())"
        try makeDirectories("\(top)/a/b/c")
        chmod("\(top)/a/b", 0)
        chmod("\(top)/a", 0)
        try removeTree(top)
        #expect(throws: SystemCallError.self) { try directoryEntries(top) }
        try removeTree(top)
    }
}
