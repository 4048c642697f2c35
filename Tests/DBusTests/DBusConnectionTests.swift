import Glibc
import Linux
import Support
import Testing

@testable import DBus

/// A peer whose answers are all in the socket before they are asked for: no second thread is needed.
final class ScriptedPeer {
    private let far: SharedDescriptor
    let connection: DBusConnection

    init(_ answers: [UInt8], handshake: String = "DATA\r\nOK 0123\r\n") throws {
        let pair = try Descriptor.socketPair()
        try pair.second.writeAll(Array(handshake.utf8) + answers)
        far = SharedDescriptor(try pair.second.duplicate())
        connection = try DBusConnection(socket: pair.first.duplicate(), shown: "peer")
    }

    /// The messages that have been sent to the peer.
    func received() throws -> [DBusMessage] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(far.rawValue, &bytes, bytes.count)
        var rest = bytes[..<max(0, count)]
        let greeting = Array("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n".utf8)
        #expect(rest.starts(with: greeting))
        rest = rest.dropFirst(greeting.count)
        var messages: [DBusMessage] = []
        while let length = try DBusMessage.length(rest) {
            messages.append(try DBusMessage(unmarshalling: Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
        return messages
    }
}

@Suite struct DBusConnectionTests {
    private let ping = DBusMessage.call("a.B", "Ping", on: "/o", of: nil)

    private func reply(_ serial: UInt32, _ body: [DBusValue] = []) -> [UInt8] {
        var message = DBusMessage(.reply, serial: 70, body: body)
        message.replySerial = serial
        return message.marshalled()
    }

    private func refusal(_ serial: UInt32, _ name: String, _ body: [DBusValue]) -> [UInt8] {
        var message = DBusMessage(.error, serial: 71, body: body)
        (message.replySerial, message.errorName) = (serial, name)
        return message.marshalled()
    }

    private func signal(_ member: String, _ body: [DBusValue]) -> [UInt8] {
        var message = DBusMessage(.signal, serial: 72, body: body)
        (message.path, message.interface, message.member) = ("/o", "a.B", member)
        return message.marshalled()
    }

    @Test func callsAreAnsweredInTheirOrder() throws {
        let peer = try ScriptedPeer(reply(1, [.string("one")]) + reply(2, [.string("two")]))
        #expect(try peer.connection.call(ping) == [.string("one")])
        #expect(try peer.connection.call(ping) == [.string("two")])
        #expect(try peer.received().map(\.serial) == [1, 2])
    }

    @Test func signalsThatComeBeforeTheReplyAreKept() throws {
        let peer = try ScriptedPeer(
            signal("Other", [.byte(1)]) + signal("Done", [.byte(2)]) + reply(1) + signal("Done", [.byte(3)]))
        peer.connection.keepSignals("a.B", "Done")
        #expect(try peer.connection.call(ping) == [])
        #expect(try peer.connection.nextSignal(timeout: 1000).body == [.byte(2)])
        #expect(try peer.connection.nextSignal(timeout: 1000).body == [.byte(3)])
        let error = #expect(throws: RuntimeError.self) { try peer.connection.nextSignal(timeout: 20) }
        #expect(error?.code == .timeout)
    }

    @Test func aRefusalHasThePeersWords() throws {
        let peer = try ScriptedPeer(refusal(1, "org.x.Error.NoSuchUnit", [.string("Unit u not loaded.")]))
        let error = #expect(throws: DBusError.self) { try peer.connection.call(ping) }
        #expect(error?.runtimeCode == .notFound)
        #expect(error?.description == "Unit u not loaded. (org.x.Error.NoSuchUnit)")
    }

    @Test func aRefusalWithoutWordsIsOneToo() throws {
        let peer = try ScriptedPeer(refusal(1, "org.x.Strange", [.uint32(4)]))
        let error = #expect(throws: DBusError.self) { try peer.connection.call(ping) }
        #expect(error?.description == "org.x.Strange" && error?.runtimeCode == .internal)
    }

    @Test func brokenBytesAreAnError() throws {
        let peer = try ScriptedPeer(Array(repeating: 0x2a, count: 64))
        #expect(throws: RuntimeError.self) { try peer.connection.call(ping) }
    }

    @Test func moreSignalsThanAnybodyKeepsAreAnError() throws {
        let many = Array(repeating: signal("Done", []), count: 300).flatMap { $0 }
        let pair = try Descriptor.socketPair()
        try pair.second.writeAll(Array("DATA\r\nOK 0\r\n".utf8))
        let connection = try DBusConnection(socket: pair.first.duplicate(), shown: "peer")
        connection.keepSignals("a.B", "Done")
        var failure: RuntimeError?
        for round in 0..<20 where failure == nil {
            // The reply comes behind what the socket holds.
            try pair.second.writeAll(many + reply(UInt32(round + 1)))
            do { _ = try connection.call(ping) } catch let error as RuntimeError { failure = error }
        }
        #expect(failure?.code == .resourceExhausted)
    }

    @Test(arguments: ["REJECTED EXTERNAL\r\n", "DATA\r\nREJECTED EXTERNAL\r\n", "ERROR\r\n", "DATAX\r\nOK\r\n"])
    func whoIsRefusedLearnsIt(handshake: String) {
        let error = #expect(throws: RuntimeError.self) { _ = try ScriptedPeer([], handshake: handshake) }
        #expect(error?.code == .permissionDenied)
    }

    @Test func anEndlessLineOfAuthenticationIsCutOff() {
        let error = #expect(throws: RuntimeError.self) {
            _ = try ScriptedPeer([], handshake: String(repeating: "x", count: 40_000))
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test func aPeerThatIsGoneIsUnavailable() throws {
        let pair = try Descriptor.socketPair()
        try pair.second.writeAll(Array("DATA\r\nOK 0\r\n".utf8))
        shutdown(pair.second.rawValue, Int32(SHUT_WR))
        let connection = try DBusConnection(socket: pair.first.duplicate(), shown: "peer")
        let error = #expect(throws: RuntimeError.self) { try connection.call(ping) }
        #expect(error?.code == .unavailable)
    }

    @Test(
        arguments: [
            ("unix:path=/run/bus", "/run/bus"), ("unix:path=/a%20b,guid=12;unix:path=/c", "/a b"),
            ("unix:abstract=/x;unix:path=/y", "/y"), ("tcp:host=h,port=1;unix:guid=1,path=/z", "/z"),
        ]) func addresses(text: String, path: String) throws
    {
        #expect(try DBusAddress(text).path == path)
    }

    @Test(arguments: [
        "", "unix", "unix:path=rel", "unix:path=/a%2", "unix:path=/a%00", "unix:abstract=/x", "unix:path=/%+1",
    ])
    func addressesThatLeadNowhere(text: String) {
        #expect(throws: RuntimeError.self) { try DBusAddress(text) }
    }
}
