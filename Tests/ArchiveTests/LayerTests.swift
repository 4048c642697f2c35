import CLinux
import Glibc
import Linux
import Testing

@testable import Archive

/// What honest layers become.
@Suite struct LayerTests {
    static let isRoot = getuid() == 0

    @Test func leadingSlashAndInnerDotDotStayInside() throws {
        try withFolder { folder in
            var tar = TarBuilder()
            tar.add("/etc/x", data: [1])
            tar.add("a/../b", data: [2])
            try unpack(tar.finished(), into: "\(folder)/root")
            #expect(try readFile("\(folder)/root/etc/x") == [1])
            #expect(try readFile("\(folder)/root/b") == [2])
        }
    }

    @Test func linksInsideAreFollowed() throws {
        try withFolder { folder in
            var tar = TarBuilder()
            tar.add("usr/lib/", type: "5", mode: 0o755)
            tar.add("lib", type: "2", link: "/usr/lib")
            tar.add("lib/x", data: [1])
            try unpack(tar.finished(), into: "\(folder)/root")
            #expect(try readFile("\(folder)/root/usr/lib/x") == [1])
        }
    }

    @Test func lastOfSeveralWins() throws {
        try withFolder { folder in
            var tar = TarBuilder()
            tar.add("a", data: [1])
            tar.add("a", data: [2])
            tar.add("d/x/y", data: [3])
            tar.add("d", data: [4])
            tar.add("f", data: [5])
            tar.add("f/", type: "5", mode: 0o700)
            tar.add("f/z", data: [6])
            try unpack(tar.finished(), into: "\(folder)/root")
            #expect(try readFile("\(folder)/root/a") == [2])
            #expect(try readFile("\(folder)/root/d") == [4])
            #expect(try readFile("\(folder)/root/f/z") == [6])
        }
    }

    @Test(.enabled(if: isRoot, "needs root: trusted attributes"))
    func whiteoutsBecomeOverlayMarks() throws {
        try withFolder { folder in
            var tar = TarBuilder()
            tar.add("d/.wh.gone")
            tar.add("o/.wh..wh..opq")
            tar.add("o/kept", data: [1])
            tar.add(".wh.both")
            tar.add("both/", type: "5", mode: 0o755)
            tar.add(".wh..wh.plnk/x", data: [1])
            tar.add("evil", data: [1], pax: [("SCHILY.xattr.trusted.overlay.redirect", "/etc")])
            let summary = try unpack(tar.finished(), into: "\(folder)/root")
            let root = try Descriptor.open("\(folder)/root", O_RDONLY)
            let inner = try Descriptor.open("\(folder)/root/d", O_RDONLY)
            #expect(isWhiteout(inner.rawValue, Array("gone".utf8)[...]))
            for name in ["o", "both"] {
                let opaque = try Descriptor.open("\(folder)/root/\(name)", O_RDONLY)
                #expect(isOpaque(opaque.rawValue), "\(name)")
            }
            #expect(!isOpaque(inner.rawValue))
            #expect(try directoryEntries(root, shown: "root").sorted() == ["both", "d", "evil", "o"])
            #expect(summary.skippedAttributes == 1)
        }
    }

    @Test(.enabled(if: isRoot, "needs root: owners"))
    func lowerLayersLendFoldersAndLinkTargets() throws {
        try withFolder { folder in
            try makeDirectories("\(folder)/lower/p/q")
            chmod("\(folder)/lower/p", 0o2711)
            chown("\(folder)/lower/p/q", 12, 34)
            try writeAtomically([9], to: "\(folder)/lower/p/target", mode: 0o604, durable: false)
            chown("\(folder)/lower/p/target", 56, 78)
            var options = ExtractionOptions()
            let lower = SharedDescriptor(try Descriptor.open("\(folder)/lower", O_RDONLY | O_DIRECTORY))
            options.lowers = { [lower] }
            var tar = TarBuilder()
            tar.add("p/q/new", data: [1])
            tar.add("hard", type: "1", link: "p/target")
            try unpack(tar.finished(), into: "\(folder)/root", options: options)
            let nodes = try readTree("\(folder)/root")
            #expect(nodes["/p"]?.mode == 0o2711)
            #expect(nodes["/p/q"]?.owner == "12:34")
            #expect(nodes["/hard"]?.content == [9])
            #expect(nodes["/hard"]?.owner == "56:78" && nodes["/hard"]?.links == 2)
            #expect(try readFile("\(folder)/lower/p/target") == [9])
        }
    }

    @Test func callerSeesEveryByteOfEveryMember() throws {
        try withFolder { folder in
            var tar = TarBuilder()
            tar.add("f", data: [UInt8](repeating: 3, count: 700_000))
            let whole = tar.finished() + Array("behind the end".utf8)
            let (first, second) = (Array(whole[..<5000]), Array(whole[5000...]))
            for packed in [whole, gzip(first) + gzip(second), zstd(first) + zstd(second)] {
                var seen: [UInt8] = []
                try unpack(packed, into: "\(folder)/root") { seen += $0 }
                #expect(seen == whole)
            }
        }
    }

    @Test func deepFoldersNeedFewDescriptors() throws {
        try withFolder { folder in
            let path = String(repeating: "d/", count: 1000)
            var tar = TarBuilder()
            tar.add("x", data: [1], pax: [("path", path + "f")])
            tar.add("x", data: [2], pax: [("path", String(repeating: "d/", count: 500) + "g")])
            try unpack(tar.finished(), into: "\(folder)/root")
            #expect(try readFile("\(folder)/root/\(path)f") == [1])
        }
    }
}
