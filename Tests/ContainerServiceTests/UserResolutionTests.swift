import Linux
import OCISpec
import Support
import Testing

@testable import ContainerService

@Suite struct UserResolutionTests {
    let passwd = Array(
        """
        root:x:0:0:root:/root:/bin/sh
        # comment:x:5:5::/:
        broken line
        www:x:33:34:web:/var/www:/bin/false
        nohome:x:40:40:::
        minus:x:-1:0::/:
        huge:x:4294967295:0::/:
        www:x:99:99:second:/x:/bin/sh
        """.utf8)
    let group = Array(
        """
        root:x:0:
        web:x:34:
        adm:x:4:www,root
        zed:x:2:x,www
        big:x:4294967295:www
        own:x:34:www
        """.utf8)

    func resolve(_ text: String) throws -> UserResolution {
        try UserResolution(text, passwd: passwd, group: group)
    }

    @Test(
        arguments: [
            ("", 0, 0, [4], "/root"),
            ("root", 0, 0, [4], "/root"),
            ("www", 33, 34, [2, 4], "/var/www"),
            ("33", 33, 34, [2, 4], "/var/www"),
            ("www:adm", 33, 4, [], "/var/www"),
            ("www:7", 33, 7, [], "/var/www"),
            ("1234", 1234, 0, [], "/"),
            ("1234:adm", 1234, 4, [], "/"),
            ("nohome", 40, 40, [], "/"),
            (":adm", 0, 4, [], "/root"),
        ] as [(String, UInt32, UInt32, [UInt32], String)])
    func known(text: String, uid: UInt32, gid: UInt32, more: [UInt32], home: String) throws {
        let found = try resolve(text)
        #expect(found.user.uid == uid)
        #expect(found.user.gid == gid)
        #expect(found.user.additionalGids == more)
        #expect(found.home == home)
    }

    @Test(arguments: [
        ("ghost", "user \"ghost\": no matching entry"), ("www:ghost", "group \"ghost\": no matching entry"),
        ("2147483648", "user 2147483648: out of range"), ("99999999999999999999", "out of range"),
        ("0:4294967295", "group 4294967295: out of range"), ("minus", "user \"minus\": no matching"),
        ("huge", "user \"huge\": no matching"),
    ])
    func unknown(text: String, message: String) throws {
        let error = try #require(throws: RuntimeError.self) { try resolve(text) }
        #expect(error.description.contains(message), "\(error)")
    }

    @Test func filesOfTheRoot() throws {
        let folder = try TemporaryFolder()
        try makeDirectories("\(folder.path)/etc")
        #expect(try UserResolution("5", in: RootDirectory(opening: folder.path)).user.uid == 5)
        try writeAtomically(passwd, to: "\(folder.path)/etc/passwd")
        #expect(try UserResolution("www", in: RootDirectory(opening: folder.path)).user.uid == 33)
        // A file beyond the bound is refused, and a FIFO neither blocks nor is read.
        try writeAtomically(
            [UInt8](repeating: 10, count: UserResolution.fileLimit + 1), to: "\(folder.path)/etc/passwd")
        #expect(throws: RuntimeError.self) { try UserResolution("www", in: RootDirectory(opening: folder.path)) }
        try folder.makeFIFO("etc/passwd")
        let error = try #require(throws: RuntimeError.self) {
            try UserResolution("www", in: RootDirectory(opening: folder.path))
        }
        #expect(error.description.contains("no regular file"))
    }

    @Test func linksStayInsideTheRoot() throws {
        let folder = try TemporaryFolder()
        try makeDirectories("\(folder.path)/etc")
        try folder.link("etc/passwd", to: "/etc/passwd")
        // The link names itself inside the root: nothing of the host's is read.
        #expect(throws: (any Error).self) { try UserResolution("root", in: RootDirectory(opening: folder.path)) }
        try folder.link("etc/group", to: "../../../../../../etc/group")
        #expect(throws: (any Error).self) { try UserResolution("5:root", in: RootDirectory(opening: folder.path)) }
    }
}
