import CLinux
import Glibc
import Linux
import Support
import Testing

@testable import Archive

/// Folders written as layers and as plain archives.
@Suite struct LayerWriterTests {
    static let isRoot = getuid() == 0

    /// An archive in memory, and what was handed to `onData`.
    private func write(
        _ folder: String, _ options: LayerWriterOptions
    ) throws -> (packed: [UInt8], plain: [UInt8], summary: LayerSummary) {
        var packed: [UInt8] = []
        var plain: [UInt8] = []
        let root = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        let summary = try LayerWriter.write(root, options: options, onData: { plain += $0 }, output: { packed += $0 })
        return (packed, plain, summary)
    }

    @Test(
        .enabled(if: isRoot, "needs root: owners, devices and attributes"),
        arguments: [Compression.none, .gzip, .zstd])
    func whatIsWrittenUnpacksToTheSame(compression: Compression) throws {
        try withFolder { folder in
            try run("mkdir \(folder)/tree \(folder)/tar && cd \(folder)/tree && \(ComparisonTests.script)")
            var options = LayerWriterOptions(.tree, compression: compression)
            (options.setsTimes, options.includesRoot) = (true, true)
            let written = try write("\(folder)/tree", options)
            let original = try readTree("\(folder)/tree")
            var seen: [UInt8] = []
            let summary = try unpack(written.packed, into: "\(folder)/root") { seen += $0 }
            #expect(seen == written.plain && written.summary.unpackedBytes == Int64(seen.count))
            #expect(summary.codec.rawValue == "\(compression)")
            let ours = try readTree("\(folder)/root")
            #expect(Set(ours.keys) == Set(original.keys))
            for (path, node) in original { #expect(ours[path] == node, "\(path)") }
            // GNU tar and Python's reader agree.
            try writeAtomically(written.plain, to: "\(folder)/plain.tar", durable: false)
            try writeAtomically(written.packed, to: "\(folder)/packed.tar", durable: false)
            try run(
                "tar --xattrs --xattrs-include='*' --numeric-owner --same-owner -xpf \(folder)/packed.tar -C \(folder)/tar"
            )
            let theirs = try readTree("\(folder)/tar")
            for (path, node) in original { #expect(theirs[path] == node, "\(path) by GNU tar") }
            try run(
                "python3 -c \"import tarfile; assert len(tarfile.open('\(folder)/plain.tar').getmembers()) == \(written.summary.entries)\""
            )
        }
    }

    @Test func theSameTreeGivesTheSameBytes() throws {
        try withFolder { folder in
            let script = """
                mkdir -p a/b; for i in 3 1 2; do echo $i > a/$i; done; ln a/1 a/b/one; ln -s 1 a/link
                head -c 3000000 /dev/zero > zeros; echo x >> zeros
                """
            try run("mkdir \(folder)/x \(folder)/y && cd \(folder)/x && \(script)")
            try run("sleep 0.01; cd \(folder)/y && mkdir a && touch a/later && \(script) && rm a/later")
            // Equal content, one of them with holes on the disk.
            try run("cd \(folder)/y && cp --sparse=always zeros z && mv z zeros")
            for compression in [Compression.none, .gzip, .zstd] {
                let options = LayerWriterOptions(.tree, compression: compression, latestTime: 1_000_000)
                let first = try write("\(folder)/x", options)
                let second = try write("\(folder)/y", options)
                #expect(first.packed == second.packed)
                #expect(first.packed.count < 100_000)
            }
        }
    }

    @Test func namesAreSortedAndFoldersComeFirst() throws {
        try withFolder { folder in
            try run("cd \(folder)/root && mkdir -p b/c && touch b/c/z b/a b.x a z")
            let written = try write("\(folder)/root", .init(.tree, compression: .none))
            #expect(try names(written.plain) == ["a", "b/", "b/a", "b/c/", "b/c/z", "b.x", "z"])
        }
    }

    @Test func timesAreClampedAndWholeSeconds() throws {
        try withFolder { folder in
            try run(
                "cd \(folder)/root && mkdir d && touch -d @500.75 old && touch -d @5000.5 d/new && touch -d @7000 d")
            var options = LayerWriterOptions(.tree, compression: .none, latestTime: 1000)
            options.setsTimes = true
            let written = try write("\(folder)/root", options)
            let entries = try entries(written.plain)
            #expect(entries.map(\.modified.seconds) == [1000, 1000, 500])
            let tree = try readTree("\(folder)/root")
            #expect(["/d", "/d/new", "/old"].map { tree[$0]?.time } == ["1000.0", "1000.0", "500.0"])
            #expect(tree["."]?.time == "1000.0")
        }
    }

    @Test(.enabled(if: isRoot, "needs root: overlay marks"))
    func overlayMarksBecomeWhiteouts() throws {
        try withFolder { folder in
            try run(
                """
                cd \(folder)/root && mkdir -p kept hidden/below && mknod gone c 0 0 && mknod kept/away c 0 0
                touch hidden/new && setfattr -n trusted.overlay.opaque -v y hidden 2>/dev/null ||
                python3 -c "import os; os.setxattr('hidden', 'trusted.overlay.opaque', b'y')"
                """)
            let written = try write("\(folder)/root", .init(.overlay, compression: .none))
            #expect(
                try names(written.plain) == [
                    ".wh.gone", "hidden/", "hidden/.wh..wh..opq", "hidden/below/", "hidden/new", "kept/",
                    "kept/.wh.away",
                ])
            // There and back: the unpacked layer has the same marks.
            try makeDirectories("\(folder)/again")
            try unpack(written.plain, into: "\(folder)/again")
            #expect(try write("\(folder)/again", .init(.overlay, compression: .none)).plain == written.plain)
            // As a tree the marks are what they are on the disk.
            let tree = try write("\(folder)/root", .init(.tree, compression: .none))
            #expect(try names(tree.plain).contains("gone"))
        }
    }

    @Test func aNameThatWouldBeAWhiteoutIsRefused() throws {
        try withFolder { folder in
            try run("touch \(folder)/root/.wh.x")
            #expect(throws: RuntimeError.self) { try write("\(folder)/root", .init(.overlay)) }
        }
    }

    @Test func depthIsBoundedAndDescriptorsAreFew() throws {
        try withFolder { folder in
            try run(
                "cd \(folder)/root && python3 -c \"import os\nfor i in range(200): os.mkdir('d'); os.chdir('d')\nopen('f','w')\""
            )
            try run("cd \(folder)/root && touch z")
            var options = LayerWriterOptions(.tree, compression: .none)
            let written = try write("\(folder)/root", options)
            #expect(written.summary.entries == 202)
            options.depth = 100
            let error = #expect(throws: RuntimeError.self) { try write("\(folder)/root", options) }
            #expect(error?.code == .resourceExhausted)
        }
    }

    @Test func socketsAreLeftOutAndCounted() throws {
        try withFolder { folder in
            try run("cd \(folder)/root && python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('s')\"")
            #expect(try write("\(folder)/root", .init(.tree)).summary == summary { $0.skippedSockets = 1 })
        }
    }

    @Test func archivesOfMadeUpEntries() throws {
        var bytes: [UInt8] = []
        let tar = try TarWriter { bytes += $0 }
        try tar.add(.folder("blobs", modified: 5))
        try tar.add(.file("blobs/\(String(repeating: "é", count: 120))", size: 3), [1, 2, 3])
        try tar.add(.link("latest", to: String(repeating: "x", count: 300)))
        #expect(throws: RuntimeError.self) { try tar.add(.file("short", size: 2), [1, 2, 3]) }
        let small = try TarWriter { bytes = Array($0) }
        try small.add(.file("a", size: 1), [7])
        try small.finish()
        #expect(bytes.count == 2048 && small.total == 2048)
        #expect(try names(bytes) == ["a"])
    }

    private func summary(_ change: (inout LayerSummary) -> Void) -> LayerSummary {
        var summary = LayerSummary()
        summary.unpackedBytes = 1024
        change(&summary)
        return summary
    }

    private func names(_ archive: [UInt8]) throws -> [String] {
        try entries(archive).map { shownName($0.name) }
    }

    private func entries(_ archive: [UInt8]) throws -> [TarEntry] {
        let memory = Descriptor(owning: try check("memfd_create") { cl_memfd_create("archive", 1) })
        try memory.writeAll(archive)
        lseek(memory.rawValue, 0, SEEK_SET)
        let reader = try TarReader(memory)
        var all: [TarEntry] = []
        while let entry = try reader.next() { all.append(entry) }
        return all
    }
}
