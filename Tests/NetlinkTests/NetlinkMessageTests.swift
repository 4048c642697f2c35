import Testing

@testable import Netlink

/// Bytes as rtnetlink(7) and netlink(7) lay them out, made by hand for a little-endian machine.
@Suite struct NetlinkMessageTests {
    @Test func aMessageHasItsLengthAndPaddedAttributes() {
        var message = NetlinkMessage(type: 16, flags: 4, fixed: [1, 2, 3, 4])
        message.attribute(3, Array("eth".utf8) + [0])
        message.attribute(9, [7])
        let header: [UInt8] = [36, 0, 0, 0, 16, 0, 5, 0] + Array(repeating: 0, count: 8)
        #expect(
            message.bytes == header + [1, 2, 3, 4] + [8, 0, 3, 0, 0x65, 0x74, 0x68, 0] + [5, 0, 9, 0, 7, 0, 0, 0])
    }

    @Test func severalAnswersOfAPacketAreRead() {
        var first = NetlinkMessage(type: 20, flags: 0, fixed: [UInt8](repeating: 0, count: 8))
        first.attribute(1, [10, 0, 0, 1])
        let second = NetlinkMessage(type: 3, flags: 0, fixed: [])
        let answers = NetlinkAnswer.all(in: first.bytes + second.bytes)
        #expect(answers.map(\.type) == [20, 3])
        #expect(answers.first?.attributes(behind: 8) == [1: [10, 0, 0, 1]])
    }

    @Test(arguments: [[], [1, 2, 3], [200, 0, 0, 0] + Array(repeating: 0, count: 14)] as [[UInt8]])
    func brokenPacketsHaveNoAnswers(bytes: [UInt8]) {
        #expect(NetlinkAnswer.all(in: bytes).isEmpty)
        let answer = NetlinkAnswer(type: 20, payload: [9, 0, 1, 0, 1])
        #expect(answer.attributes(behind: 0).isEmpty)
    }
}
