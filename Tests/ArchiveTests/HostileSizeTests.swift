import Glibc
import Linux
import Support
import Testing

@testable import Archive

/// Archives that are hostile by how much they have, and names of any bytes.
@Suite(.serialized) struct HostileSizeTests {
    /// An archive of one entry again and again, made while it is read.
    static func endless(_ entry: [UInt8]) -> ArchiveInput {
        let place = Monitor(0)
        return ArchiveInput(
            read: { target in
                place.update { place in
                    let count = min(target.count, entry.count - place % entry.count)
                    let start = place % entry.count
                    entry[start..<start + count].withUnsafeBytes { target.copyMemory(from: $0) }
                    place += count
                    return count
                }
            }, cancel: {})
    }

    static var residentPages: Int {
        let text = (try? readText("/proc/self/statm")) ?? ""
        return Int(text.split(separator: " ")[1]) ?? 0
    }

    @Test func anArchiveOfMillionsOfEntriesEndsAtTheLimitInBoundedMemory() throws {
        var tar = TarBuilder()
        tar.add("x", pax: [("path", String(repeating: "long/", count: 100) + "name")])
        let reader = try TarReader(Self.endless(tar.bytes))
        let before = Self.residentPages
        var count = 0
        let error = #expect(throws: RuntimeError.self) { while try reader.next() != nil { count += 1 } }
        #expect(error?.code == .resourceExhausted && count == 1_000_000, "\(count): \(error as Any)")
        // The names alone would be 500 MB; other tests run in this process meanwhile.
        #expect(Self.residentPages - before < 65536, "256 MiB more than before")
    }

    @Test func foldersEndAtTheMemoryThatTheirTimesMayTake() throws {
        try withFolder { folder in
            var tar = TarBuilder()
            for index in 0..<300 { tar.add("folder\(index)/", type: "5", mode: 0o755) }
            var options = ExtractionOptions()
            options.limits.folderBytes = 8192
            let error = #expect(throws: RuntimeError.self) {
                try unpack(tar.finished(), into: "\(folder)/root", options: options)
            }
            #expect(error?.code == .resourceExhausted)
        }
    }

    @Test func infiniteDataEndsAtTheLimit() throws {
        try withFolder { folder in
            var options = ExtractionOptions()
            options.limits.unpackedBytes = 1 << 20
            let error = #expect(throws: RuntimeError.self) {
                try LayerExtractor.extract(
                    Self.endless(TarGarbage.header("f", size: 1 << 40)), into: RootDirectory(opening: "\(folder)/root"),
                    options: options)
            }
            #expect(error?.code == .resourceExhausted)
        }
    }

    @Test func namesAreBytes() throws {
        try withFolder { folder in
            var tar = TarBuilder()
            tar.add("x", data: [7]) { header in header.replaceSubrange(0..<3, with: [0xff, 0xfe, 0x80]) }
            try unpack(tar.finished(), into: "\(folder)/root")
            let root = try Descriptor.open("\(folder)/root", O_RDONLY | O_DIRECTORY)
            #expect(try directoryEntryNames(root, shown: "root") == [[0xff, 0xfe, 0x80]])
        }
    }

    /// Each kind of entry in the place of each other one.
    @Test(arguments: ["0", "1", "2", "5", "6"], ["0", "1", "2", "5", "6"])
    func aLaterEntryOfAnotherTypeWins(first: String, second: String) throws {
        try withFolder { folder in
            try HostileTests.makeOutside(folder)
            let before = try HostileTests.readOutside(folder)
            var tar = TarBuilder()
            tar.add("target", data: [1])
            for type in [first, second] {
                let link = type == "1" ? "target" : type == "2" ? "../outside/victim" : ""
                tar.add("it", type: Character(type), link: link, data: type == "0" ? [2] : [], mode: 0o700)
            }
            tar.add("it2", data: [3])
            try unpack(tar.finished(), into: "\(folder)/root")
            let kinds: [String: UInt32] = ["0": S_IFREG, "1": S_IFREG, "2": S_IFLNK, "5": S_IFDIR, "6": S_IFIFO]
            let node = try #require(try readTree("\(folder)/root")["/it"])
            #expect(node.kind == kinds[second])
            #expect(try readFile("\(folder)/root/target") == [1])
            #expect(try HostileTests.readOutside(folder) == before)
        }
    }
}

enum TarGarbage {
    /// One header block.
    static func header(_ name: String, size: Int64) -> [UInt8] {
        var tar = TarBuilder()
        tar.add(name, size: size)
        return tar.bytes
    }
}
