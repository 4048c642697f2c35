import ShimProtocol
import Testing

@testable import Shim

@Suite struct OutgoingBufferTests {
    private func append(_ buffer: inout OutgoingBuffer, _ payload: [UInt8]) {
        payload.withUnsafeBytes { buffer.append(.output, $0) }
    }

    @Test(arguments: [1, 7, 4096]) func `what a socket takes in bits arrives whole and in order`(bit: Int) throws {
        var buffer = OutgoingBuffer()
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        let payloads: [[UInt8]] = (0..<100).map { [UInt8](repeating: $0, count: Int($0) * 3) }
        for payload in payloads {
            append(&buffer, payload)
            var isFirst = true
            buffer.flush { bytes in
                guard isFirst else { return -1 }
                isFirst = false
                decoder.append(bytes.prefix(bit))
                return min(bit, bytes.count)
            }
        }
        buffer.flush { bytes in
            decoder.append(bytes)
            return bytes.count
        }
        while let frame = try decoder.next() { frames.append(frame) }
        #expect(frames == payloads.map { Frame(.output, $0) })
        #expect(buffer.count == 0)
    }

    @Test func `the bound is told, and left again`() {
        var buffer = OutgoingBuffer()
        let payload = [UInt8](repeating: 0, count: 65536)
        for _ in 0..<15 { append(&buffer, payload) }
        #expect(!buffer.isFull)
        append(&buffer, payload)
        #expect(buffer.isFull)
        buffer.flush { min($0.count, 200_000) }
        #expect(!buffer.isFull && buffer.count == 0)
    }
}
