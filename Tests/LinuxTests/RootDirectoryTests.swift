import Glibc
import Linux
import Testing

@Suite struct RootDirectoryTests {
    /// A folder with a root inside it and links in the root that try to lead out.
    func withRoot(_ body: (borrowing RootDirectory, String) throws -> Void) throws {
        let folder = "/tmp/hako-root-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try makeDirectories("\(folder)/root/etc")
        defer { try? removeTree(folder) }
        try writeAtomically(Array("outside".utf8), to: "\(folder)/secret", durable: false)
        try writeAtomically(Array("inside".utf8), to: "\(folder)/root/etc/secret", durable: false)
        #expect(symlink("/etc/secret", "\(folder)/root/absolute") == 0)
        #expect(symlink("../../secret", "\(folder)/root/climb") == 0)
        #expect(symlink("/proc/self/cwd", "\(folder)/root/magic") == 0)
        try body(try RootDirectory(opening: "\(folder)/root"), folder)
    }

    @Test func linksResolveInsideTheRoot() throws {
        try withRoot { root, _ in
            for path in ["/etc/secret", "absolute", "etc/../../../etc/secret"] {
                let content = try root.open(path, O_RDONLY).readAll(limit: 100)
                #expect(content == Array("inside".utf8), "\(path)")
            }
            #expect(throws: SystemCallError.self) { _ = try root.open("climb", O_RDONLY) }
            #expect(throws: SystemCallError.self) { _ = try root.open("magic", O_RDONLY) }
        }
    }

    @Test func makesWhatIsMissingInsideOnly() throws {
        try withRoot { root, folder in
            #expect(symlink("/new/target", "\(folder)/root/dangling") == 0)
            _ = try root.openMakingDirectories("/a/b/c")
            _ = try root.openMakingFile("/x/y/file")
            _ = try root.openMakingDirectories("../../up")
            #expect(Set(try directoryEntries(folder)) == ["root", "secret"])
            #expect(Set(try directoryEntries("\(folder)/root")).isSuperset(of: ["a", "x", "up"]))
            _ = try root.openMakingDirectories("dangling/deep")
            _ = try root.open("/new/target/deep", O_RDONLY | O_DIRECTORY)
            #expect(symlink("loop", "\(folder)/root/loop") == 0)
            #expect(throws: SystemCallError.self) { _ = try root.openMakingDirectories("loop/deep") }
        }
    }
}
