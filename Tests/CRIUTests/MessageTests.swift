import Linux
import Support
import Testing

@testable import CRIU

/// Bytes as protobuf.dev's Encoding has them, made by hand.
@Suite struct MessageTests {
    @Test func numbersTextsAndMessagesAreEncoded() {
        var writer = MessageWriter()
        writer.number(1, 150)
        writer.number(2, -1)
        writer.flag(3, true)
        writer.flag(4, false)
        writer.number(5, unlessNil: nil)
        writer.text(16, "ab")
        writer.message(6) { $0.number(1, 1) }
        let negative: [UInt8] = Array(repeating: 0xff, count: 9) + [0x01]
        #expect(
            writer.bytes == [0x08, 0x96, 0x01, 0x10] + negative + [
                0x18, 0x01, 0x82, 0x01, 0x02, 0x61, 0x62, 0x32, 0x02,
            ]
                + [0x08, 0x01])
    }

    @Test func aRequestHasItsKindAndItsFolders() throws {
        let folder = SharedDescriptor(try Descriptor.open("/", 0))
        var request = CRIURequest(.restore, images: folder, logFile: "r.log")
        request.externalMounts = [.init("/a", "/b")]
        request.inherited = [("pipe:[7]", 1)]
        let bytes = request.message()
        var reader = MessageReader(bytes)
        let kind = try #require(try reader.next())
        #expect(kind.field == 1 && kind.value.number == 2)
        let options = try #require(try reader.next()?.value.block)
        var fields: [UInt64: MessageReader.Value] = [:]
        var inner = MessageReader(options)
        while let (field, value) = try inner.next() { fields[field] = value }
        #expect(fields[1]?.number == Int(folder.rawValue))
        #expect(fields[10]?.text == "r.log")
        #expect(fields[26]?.number == 1, "the processes become the caller's children")
        #expect(fields[23]?.block == [0x0a, 2, 0x2f, 0x61, 0x12, 2, 0x2f, 0x62])
        #expect(fields[27]?.block == [0x0a, 8] + Array("pipe:[7]".utf8) + [0x10, 1])
    }

    @Test func answersAndNoticesAreRead() throws {
        let notice = try CRIUAnswer([0x08, 6, 0x10, 1, 0x2a, 6, 0x0a, 2, 0x68, 0x69, 0x10, 0x2a])
        #expect(notice.kind == CRIUAnswer.notice && notice.script == "hi" && notice.pid == 42)
        let failure = try CRIUAnswer([0x08, 1, 0x10, 0, 0x38, 17, 0x4a, 1, 0x78])
        #expect(failure.kind == 1 && !failure.succeeded && failure.errorNumber == 17)
        let features = try CRIUAnswer([0x08, 9, 0x10, 1, 0x42, 4, 0x08, 1, 0x10, 0])
        #expect(features.tracksMemory && !features.isLazy)
    }

    @Test(
        arguments: [[0x08], [0x2a, 9, 1], [0x0b], Array(repeating: 0xff, count: 12), [0x2a, 2, 0x0a, 5]] as [[UInt8]])
    func brokenAnswersAreErrors(bytes: [UInt8]) {
        #expect(throws: RuntimeError.self) { try CRIUAnswer(bytes) }
    }
}
