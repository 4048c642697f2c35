import Linux
import Support
import Testing

@testable import Archive

/// What holds for gzip whichever library unpacks it.
@Suite struct GzipTests {
    static let libraries: [GzipLibrary] = [.fastest, .zlib]
    static let text: [UInt8] = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 5) }

    /// Reads a whole archive that comes in pieces of `piece` bytes.
    static func read(_ packed: [UInt8], _ library: GzipLibrary, piece: Int = 1 << 20) throws -> [UInt8] {
        let place = Monitor(0)
        let input = ArchiveInput(
            read: { target in
                place.update { place in
                    let count = min(target.count, piece, packed.count - place)
                    packed[place..<place + count].withUnsafeBytes { target.copyMemory(from: $0) }
                    place += count
                    return count
                }
            }, cancel: {})
        var seen: [UInt8] = []
        let reader = try TarReader(input, limits: ExtractionLimits(), gzip: library) { seen += $0 }
        while try reader.next() != nil {}
        try reader.finish()
        return seen
    }

    static func tar() -> [UInt8] {
        var tar = TarBuilder()
        tar.add("f", data: text)
        return tar.finished()
    }

    @Test func theMachineOfTheTestsHasTheFastLibrary() throws {
        #expect(try ISALDecoder() != nil)
    }

    @Test(arguments: libraries, [1, 3, 511, 70_000])
    func membersComeInAnyPieces(library: GzipLibrary, piece: Int) throws {
        let whole = Self.tar()
        for cut in [1, 600, 100_000, whole.count - 1] {
            for level: Int32 in [0, 1, 9] {
                let packed =
                    gzip(Array(whole[..<cut]), level: level) + gzip([], level: level) + gzip(Array(whole[cut...]))
                #expect(try Self.read(packed, library, piece: piece) == whole, "cut \(cut), level \(level)")
            }
        }
    }

    @Test(arguments: libraries)
    func everyTruncationIsRefused(library: GzipLibrary) throws {
        var tar = TarBuilder()
        tar.add("f", data: Array("some text, some text, some text".utf8))
        let packed = gzip(tar.finished())
        #expect(try Self.read(packed, library) == tar.finished())
        for count in 2..<packed.count {
            let error = #expect(throws: RuntimeError.self, "\(count) bytes") {
                try Self.read(Array(packed[..<count]), library)
            }
            #expect("\(error as Any)".contains("truncated"), "\(count): \(error as Any)")
        }
    }

    @Test(arguments: libraries, hostileStreams.indices)
    func brokenStreamsAreRefused(library: GzipLibrary, index: Int) throws {
        let hostile = hostileStreams[index]
        try withFolder { folder in
            var options = ExtractionOptions()
            options.limits = HostileTests.limits
            options.gzip = library
            let error = #expect(throws: RuntimeError.self, "\(hostile)") {
                try unpack(hostile.bytes(folder), into: "\(folder)/root", options: options)
            }
            #expect("\(error as Any)".contains(hostile.named), "\(error as Any)")
        }
    }

    /// RFC 1952, 2.3.1.2: a reserved flag must be refused. Found by archive-fuzz: ISA-L alone passes over it.
    @Test(arguments: libraries, [0x20, 0x40, 0x80] as [UInt8])
    func reservedFlagsAreRefused(library: GzipLibrary, flag: UInt8) throws {
        for place in [0, 1] {
            var members = [gzip(Array(Self.tar()[..<5000])), gzip(Array(Self.tar()[5000...]))]
            members[place][3] |= flag
            let error = #expect(throws: RuntimeError.self) { try Self.read(members[0] + members[1], library) }
            #expect("\(error as Any)".contains("flags"), "\(error as Any)")
        }
    }
}
