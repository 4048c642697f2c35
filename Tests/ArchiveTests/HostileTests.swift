import Glibc
import Linux
import Support
import Testing

@testable import Archive

/// Archives that mean harm: each is refused by name, and nothing outside the folder changes.
@Suite(.serialized) struct HostileTests {
    static let all = hostileNames + hostileLinks + hostileFields + hostileStreams

    /// Small bounds, so that a bomb is found out early.
    static var limits: ExtractionLimits {
        var limits = ExtractionLimits()
        limits.unpackedBytes = 16 << 20
        limits.entries = 1000
        return limits
    }

    /// A folder with files, a link and modes of its own beside the one that is unpacked into.
    static func makeOutside(_ folder: String) throws {
        try makeDirectories("\(folder)/outside/sub")
        for name in ["victim", "sub/inner"] {
            try writeAtomically(Array(name.utf8), to: "\(folder)/outside/\(name)", mode: 0o640, durable: false)
        }
        try #require(symlink("victim", "\(folder)/outside/link") == 0)
    }

    /// The whole folder except what is unpacked, by content, inode, mode and time.
    static func readOutside(_ folder: String) throws -> [String: Node] {
        try readTree("\(folder)/outside", withInodes: true)
    }

    @Test func corpusIsLarge() {
        #expect(Self.all.count >= 40)
        #expect(Set(Self.all.map(\.description)).count == Self.all.count)
    }

    @Test(arguments: all.indices)
    func refused(index: Int) throws {
        let hostile = Self.all[index]
        try withFolder { folder in
            try Self.makeOutside(folder)
            let before = try Self.readOutside(folder)
            let passwd = try readFile("/etc/passwd")
            var options = ExtractionOptions()
            options.limits = Self.limits
            let archive = hostile.bytes("\(folder)/outside")
            let error = #expect(throws: RuntimeError.self, "\(hostile)") {
                try unpack(archive, into: "\(folder)/root", options: options)
            }
            if let error {
                let text = "\(error)"
                // A broken stream has no entry of its own; every other error starts with the entry's name.
                let isStream = index >= Self.all.count - hostileStreams.count
                #expect(
                    isStream ? text.contains(hostile.named) : text.hasPrefix("entry \(hostile.named)"),
                    "\(hostile): \(error)")
            }
            #expect(try Self.readOutside(folder) == before, "\(hostile) changed what is outside")
            #expect(try directoryEntries(folder).sorted() == ["outside", "root"], "\(hostile)")
            #expect(try readFile("/etc/passwd") == passwd)
        }
    }

    /// Valid archives with bytes changed: any outcome but a crash, or a change outside.
    @Test func mutatedArchivesReachNothing() throws {
        try withFolder { folder in
            try Self.makeOutside(folder)
            let before = try Self.readOutside(folder)
            var random = SplitMix(state: 0x5eed)
            let seeds = Self.seeds("\(folder)/outside")
            var options = ExtractionOptions()
            options.limits = Self.limits
            var refusedCount = 0
            for round in 0..<20_000 {
                var archive = seeds[round % seeds.count]
                for _ in 0...Int(random.next() % 6) {
                    archive[Int(random.next() % UInt64(archive.count))] = UInt8(truncatingIfNeeded: random.next())
                }
                // Most changes break a checksum; half of the archives get theirs right again.
                if round % 2 == 0 && archive[0] != 0x1f && archive[0] != 0x28 { Self.repair(&archive) }
                do { try unpack(archive, into: "\(folder)/root", options: options) } catch { refusedCount += 1 }
                if round % 50 == 49 {
                    try removeTree("\(folder)/root")
                    try makeDirectories("\(folder)/root")
                    if round % 1000 == 999 { #expect(try Self.readOutside(folder) == before, "round \(round)") }
                }
            }
            #expect(try Self.readOutside(folder) == before)
            #expect(try directoryEntries(folder).sorted() == ["outside", "root"])
            #expect(refusedCount > 1000 && refusedCount < 20_000)
        }
    }

    static func seeds(_ outside: String) -> [[UInt8]] {
        var plain = TarBuilder()
        plain.add("d/", type: "5", mode: 0o755)
        plain.add("d/f", data: Array("content".utf8), pax: [("SCHILY.xattr.user.a", "b"), ("mtime", "1.5")])
        plain.add("d/h", type: "1", link: "d/f")
        plain.add("l", type: "2", link: "d")
        plain.add("l/through", data: [1])
        plain.add(".wh.gone")
        plain.add("d/.wh..wh..opq")
        var sparse = TarBuilder()
        sparse.long(String(repeating: "n", count: 150), type: "L")
        sparse.add("n", data: [7])
        sparse.add("s", data: [1, 2], pax: [("GNU.sparse.map", "1,1,5,1"), ("GNU.sparse.size", "9")])
        var hostile = TarBuilder()
        hostile.add("o", type: "2", link: outside)
        hostile.add("p", type: "2", link: "../outside")
        hostile.add("x/../y", data: [1])
        let all = [plain.finished(), sparse.finished(), hostile.finished()]
        return all + [gzip(all[0]), zstd(all[0])]
    }

    /// Sets the checksum of every block that looks like a header.
    static func repair(_ archive: inout [UInt8]) {
        for start in stride(from: 0, to: archive.count - 511, by: 512)
        where archive[start + 257..<start + 262].elementsEqual(Array("ustar".utf8)) {
            var block = Array(archive[start..<start + 512])
            TarBuilder.setChecksum(&block)
            archive.replaceSubrange(start..<start + 512, with: block)
        }
    }
}

/// Numbers that are the same in each run.
struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
