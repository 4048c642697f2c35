import ShimProtocol
import Support
import Testing

@Suite struct FrameTests {
    private let frames = [
        Frame(.request, Array("{}".utf8)), Frame(.inputEnd), Frame(.output, [UInt8](repeating: 7, count: 70_000)),
        Frame(.errors, [0]),
    ]

    @Test(arguments: [1, 3, 5, 4096, 200_000]) func `frames come out whole, in whatever pieces they arrive`(piece: Int)
        throws
    {
        let stream = frames.flatMap(\.bytes)
        var decoder = FrameDecoder()
        var decoded: [Frame] = []
        for start in stride(from: 0, to: stream.count, by: piece) {
            decoder.append(stream[start..<min(start + piece, stream.count)])
            while let frame = try decoder.next() { decoded.append(frame) }
        }
        #expect(decoded == frames)
        #expect(decoder.pendingCount == 0)
    }

    @Test func `the header is the kind and the length, highest byte first`() {
        #expect(Frame(.output, [UInt8](repeating: 1, count: 258)).bytes.prefix(6) == [6, 0, 0, 1, 2, 1])
    }

    @Test(arguments: [[0, 0, 0, 0, 0], [9, 0, 0, 0, 0], [6, 0, 16, 0, 1], [6, 255, 255, 255, 255]] as [[UInt8]])
    func `an unknown kind and a length over the bound are refused`(header: [UInt8]) {
        var decoder = FrameDecoder()
        decoder.append(header)
        #expect(throws: RuntimeError.self) { try decoder.next() }
    }

    @Test func `the longest payload is allowed`() throws {
        var decoder = FrameDecoder()
        decoder.append([6, 0, 16, 0, 0])
        #expect(try decoder.next() == nil)
    }
}
