import CLinux
import Glibc
import Testing

@testable import Linux

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

    /// The walk for hosts without openat2 opens and refuses what openat2 does.
    @Test func theWalkWithoutOpenat2AgreesWithIt() throws {
        try withRoot { root, folder in
            try makeDirectories("\(folder)/root/a/b")
            #expect(symlink("b", "\(folder)/root/a/relative") == 0)
            #expect(symlink("/a/relative/../../etc", "\(folder)/root/a/b/chain") == 0)
            #expect(symlink("loop", "\(folder)/root/loop") == 0)
            #expect(symlink("/new", "\(folder)/root/dangling") == 0)
            let paths = [
                "", "/", ".", "..", "../..", "etc/secret", "/etc/secret", "absolute", "climb", "magic", "loop",
                "dangling",
                "a/relative", "a/b/chain/secret", "a/b/chain", "a/../etc/./secret", "etc/secret/below", "nothing/below",
                "a/relative/../../../etc",
            ]
            let ways: [(flags: Int32, resolve: UInt64)] = [
                (O_RDONLY, 0), (O_RDONLY | O_DIRECTORY, 0), (CL_O_PATH | O_NOFOLLOW, 0),
                (CL_O_PATH | O_DIRECTORY | O_NOFOLLOW, CL_RESOLVE_NO_SYMLINKS), (O_RDONLY | O_NOFOLLOW, 0),
            ]
            for path in paths {
                for way in ways {
                    let direct = identity {
                        try inode(root.open(path, way.flags, resolve: way.resolve))
                    }
                    let walked = identity {
                        try inode(
                            RootWalk(root: root.descriptor.rawValue, resolve: way.resolve, shown: path)
                                .open(path, way.flags, mode: 0))
                    }
                    #expect(direct == walked, "\(path) with \(way)")
                }
            }
        }
    }

    @Test func theWalkWithoutOpenat2MakesFilesInsideOnly() throws {
        try withRoot { root, folder in
            let raw = root.descriptor.rawValue
            func make(_ path: String) throws {
                _ = try RootWalk(root: raw, resolve: 0, shown: path)
                    .open(path, O_WRONLY | O_CREAT, mode: 0o600)
            }
            try make("../../made")
            #expect(access("\(folder)/root/made", F_OK) == 0)
            #expect(throws: SystemCallError.self) { try make("magic/made") }
            #expect(throws: SystemCallError.self) { try make("nothing/made") }
        }
    }

    private func inode(_ opened: borrowing Descriptor) -> UInt64 {
        var status = stat()
        fstat(opened.rawValue, &status)
        return UInt64(status.st_ino)
    }

    /// The inode that was opened, or the errno; what a link may not lead to is told apart no further.
    private func identity(_ open: () throws -> UInt64) -> String {
        switch Result(catching: open) {
        case .success(let inode): "inode \(inode)"
        case .failure(let error as SystemCallError): "errno \(error.errno)"
        case .failure(let error): "\(error)"
        }
    }
}
