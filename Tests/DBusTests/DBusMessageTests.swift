import Support
import Testing

@testable import DBus

@Suite struct DBusMessageTests {
    /// A call of `Ping` as the specification lays it out, byte by byte.
    @Test func theBytesAreTheSpecifications() throws {
        var call = DBusMessage.call("a.B", "Ping", on: "/o", of: "d.E", [.byte(7), .uint16(0x1234)])
        call.serial = 0x0102_0304
        let fields: [UInt8] =
            [1, 1, 0x6f, 0, 2, 0, 0, 0, 0x2f, 0x6f, 0, 0, 0, 0, 0, 0]
            + [2, 1, 0x73, 0, 3, 0, 0, 0, 0x61, 0x2e, 0x42, 0, 0, 0, 0, 0]
            + [3, 1, 0x73, 0, 4, 0, 0, 0, 0x50, 0x69, 0x6e, 0x67, 0, 0, 0, 0]
            + [6, 1, 0x73, 0, 3, 0, 0, 0, 0x64, 0x2e, 0x45, 0, 0, 0, 0, 0]
            + [8, 1, 0x67, 0, 2, 0x79, 0x71, 0]
        let header: [UInt8] = [0x6c, 1, 0, 1, 4, 0, 0, 0, 4, 3, 2, 1, UInt8(fields.count), 0, 0, 0]
        #expect(call.marshalled() == header + fields + [7, 0, 0x34, 0x12])
        #expect(try DBusMessage(unmarshalling: call.marshalled()) == call)
    }

    @Test func theOtherByteOrderIsReadToo() throws {
        let header: [UInt8] = [0x42, 2, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 15]
        let fields: [UInt8] = [5, 1, 0x75, 0, 0, 0, 0, 3, 8, 1, 0x67, 0, 1, 0x75, 0, 0]
        let message = try DBusMessage(unmarshalling: header + fields + [0, 0, 1, 2])
        #expect(message.kind == .reply && message.serial == 9 && message.replySerial == 3)
        #expect(message.body == [.uint32(258)])
    }

    @Test(arguments: 0..<300) func whatIsWrittenIsRead(seed: Int) throws {
        var values = RandomValues(random: Seeded(UInt64(seed)))
        let message = values.message()
        let bytes = message.marshalled()
        #expect(try DBusMessage.length(bytes[...]) == bytes.count)
        #expect(try DBusMessage(unmarshalling: bytes) == message)
    }

    @Test(arguments: 0..<40) func everyTruncationIsAnError(seed: Int) {
        var values = RandomValues(random: Seeded(UInt64(seed)))
        let bytes = values.message().marshalled()
        for count in 0..<bytes.count {
            #expect(throws: RuntimeError.self) { try DBusMessage(unmarshalling: Array(bytes[..<count])) }
        }
    }

    /// Changed bytes are an error or another message that keeps the rules; what is read can be written and read again.
    @Test(arguments: 0..<60) func changedBytesNeverEndTheProgram(seed: Int) {
        var values = RandomValues(random: Seeded(UInt64(seed)))
        let bytes = values.message().marshalled()
        for _ in 0..<400 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...3, using: &values.random) {
                changed[Int.random(in: changed.indices, using: &values.random)] = UInt8(
                    truncatingIfNeeded: values.random.next())
            }
            guard let message = try? DBusMessage(unmarshalling: changed) else { continue }
            let again = message.marshalled()
            // NaN is not equal to itself: bytes are compared.
            #expect((try? DBusMessage(unmarshalling: again).marshalled()) == again)
        }
    }

    /// The body's bytes behind a signal's header with a signature.
    private func signal(_ signature: String, body: [UInt8]) -> [UInt8] {
        var writer = DBusWriter()
        for byte in [0x6c, 4, 0, 1] as [UInt8] { writer.write(.byte(byte)) }
        writer.write(.uint32(UInt32(body.count)))
        writer.write(.uint32(1))
        let fields: [(UInt8, DBusValue)] = [
            (1, .objectPath("/")), (2, .string("a.b")), (3, .string("C")), (8, .signature(signature)),
        ]
        writer.write(
            .array(.structure([.byte, .variant]), fields.map { .structure([.byte($0.0), .variant($0.1)]) }))
        writer.align(8)
        return writer.bytes + body
    }

    private func refuses(_ signature: String, _ body: [UInt8], _ why: String) {
        let bytes = signal(signature, body: body)
        let error = #expect(throws: RuntimeError.self) { try DBusMessage(unmarshalling: bytes) }
        #expect(error.map { "\($0)".contains(why) } == true, "\(signature): \(error.map { "\($0)" } ?? "")")
    }

    @Test func brokenValuesAreNamed() {
        refuses("b", [2, 0, 0, 0], "a boolean that is 2")
        refuses("s", [1, 0, 0, 0, 0xff, 0], "no UTF-8")
        refuses("s", [2, 0, 0, 0, 0x61, 0, 0], "no UTF-8")
        refuses("s", [1, 0, 0, 0, 0x61, 0x62], "without its end")
        refuses("s", [0xff, 0xff, 0xff, 0xff, 0], "ends inside")
        refuses("o", [3, 0, 0, 0, 0x2f, 0x2f, 0x61, 0], "no object path")
        refuses("o", [0, 0, 0, 0, 0], "no object path")
        refuses("yu", [1, 9, 0, 0, 1, 0, 0, 0], "padding")
        refuses("y", [1, 2], "behind the body")
        refuses("v", [2, 0x75, 0x75, 0, 0, 0, 0, 0], "variant of 2 types")
        refuses("v", [1, 0x7a, 0], "unknown type")
        refuses("at", [0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0], "longer than the rest")
        refuses("ai", [3, 0, 0, 0, 1, 0, 0, 0], "ends inside")
    }

    @Test func whatOneMessageMakesUsHoldIsBounded() {
        // A variant in a variant in a variant …
        refuses("v", Array(repeating: [1, 0x76, 0], count: 200).flatMap { $0 } + [1, 0x79, 0, 1], "deep")
        // 80 000 structures of a byte.
        let count = 80_000
        let elements = Array(repeating: [1, 0, 0, 0, 0, 0, 0, 0] as [UInt8], count: count).flatMap { $0 }
        let length = withUnsafeBytes(of: UInt32(elements.count - 7).littleEndian) { Array($0) }
        refuses("a(y)", length + [0, 0, 0, 0] + elements.dropLast(7), "more than 65536 values")
        let huge: [UInt8] = [0x6c, 4, 0, 1, 0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0, 0, 0, 0, 0]
        #expect(throws: RuntimeError.self) { try DBusMessage.length(huge[...]) }
    }

    @Test(
        arguments: [
            "z", "a", "(", "()", "(i", "i)", "{sv}", "a{vs}", "a{s}", "a{sss}", "a{(i)s}", "h",
            String(repeating: "a", count: 33) + "i", String(repeating: "(", count: 33) + "i",
            String(repeating: "i", count: 256),
        ]) func forbiddenSignatures(signature: String)
    {
        #expect(throws: RuntimeError.self) { try DBusType.list(signature: signature) }
    }

    @Test func signaturesComeBackAsTheyWere() throws {
        for signature in [
            "", "ybnqiuxtdsogv", "a{sv}", "a(sa(sv))", "(i(i(i)))aai", String(repeating: "a", count: 32) + "i",
        ] {
            #expect(try DBusType.list(signature: signature).map(\.code).joined() == signature)
        }
    }

    @Test func headersWithoutTheirFieldsAreRefused() {
        for message in [DBusMessage(.call), DBusMessage(.reply), DBusMessage(.error), DBusMessage(.signal)] {
            #expect(throws: RuntimeError.self) { try DBusMessage(unmarshalling: message.marshalled()) }
        }
    }
}
