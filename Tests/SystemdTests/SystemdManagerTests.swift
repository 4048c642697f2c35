import DBus
import Glibc
import Linux
import Support
import Testing

@testable import Systemd

/// A systemd whose answers are all in the socket before they are asked for.
private final class ScriptedSystemd {
    private let far: SharedDescriptor
    let manager: SystemdManager

    init(_ answers: [DBusMessage], isDirect: Bool = true) throws {
        let pair = try Descriptor.socketPair()
        try pair.second.writeAll(Array("DATA\r\nOK 0\r\n".utf8) + answers.flatMap { $0.marshalled() })
        far = SharedDescriptor(try pair.second.duplicate())
        manager = try SystemdManager(
            DBusConnection(socket: pair.first.duplicate(), shown: "systemd"), isDirect: isDirect)
    }

    /// The methods that have been called, with their first argument.
    func calls() throws -> [String] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(far.rawValue, &bytes, bytes.count)
        let greeting = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n".utf8.count
        var rest = bytes[..<max(greeting, count)].dropFirst(greeting)
        var calls: [String] = []
        while rest.count >= 16 {
            // The length of a message of ours: little endian, fields padded to 8.
            let raw = Array(rest.prefix(16))
            let word = { (at: Int) in Int(raw[at]) | Int(raw[at + 1]) << 8 | Int(raw[at + 2]) << 16 }
            let length = 16 + (word(12) + 7) / 8 * 8 + word(4)
            let message = try DBusMessage(unmarshalling: Array(rest.prefix(length)))
            calls.append([message.member, message.body.first?.text].compactMap(\.self).joined(separator: " "))
            rest = rest.dropFirst(length)
        }
        return calls
    }

    static func reply(_ serial: UInt32, _ body: [DBusValue] = []) -> DBusMessage {
        var message = DBusMessage(.reply, serial: 1, body: body)
        message.replySerial = serial
        return message
    }

    static func refusal(_ serial: UInt32, _ name: String) -> DBusMessage {
        var message = DBusMessage(.error, serial: 1, body: [.string("words")])
        (message.replySerial, message.errorName) = (serial, "org.freedesktop.systemd1.\(name)")
        return message
    }

    static func removed(_ job: String, _ result: String) -> DBusMessage {
        var message = DBusMessage(.signal, body: [.uint32(1), .objectPath(job), .string("u.scope"), .string(result)])
        (message.path, message.member) = ("/org/freedesktop/systemd1", "JobRemoved")
        message.interface = "org.freedesktop.systemd1.Manager"
        return message
    }
}

@Suite struct SystemdManagerTests {
    private typealias Script = ScriptedSystemd

    @Test func aScopeIsThereWhenItsJobIsDone() throws {
        // The signal of another job, and one that comes before the reply.
        let systemd = try Script([
            Script.removed("/job/8", "failed"), Script.removed("/job/7", "done"),
            Script.reply(1, [.objectPath("/job/7")]),
        ])
        try systemd.manager.startScope("u.scope", [UnitProperty("Delegate", .boolean(true))])
        #expect(try systemd.calls() == ["StartTransientUnit u.scope"])
    }

    @Test func aFailedUnitOfTheNameIsPutAway() throws {
        let systemd = try Script([
            Script.refusal(1, "UnitExists"), Script.reply(2), Script.reply(3, [.objectPath("/job/7")]),
            Script.removed("/job/7", "done"),
        ])
        try systemd.manager.startScope("u.scope", [])
        #expect(
            try systemd.calls() == [
                "StartTransientUnit u.scope", "ResetFailedUnit u.scope", "StartTransientUnit u.scope",
            ])
    }

    @Test func anActiveUnitOfTheNameIsAnError() throws {
        let systemd = try Script([Script.refusal(1, "UnitExists"), Script.reply(2), Script.refusal(3, "UnitExists")])
        let error = #expect(throws: RuntimeError.self) { try systemd.manager.startScope("u.scope", []) }
        #expect(error?.code == .alreadyExists)
        #expect(error?.description.contains("choose another container ID or linux.cgroupsPath: words") == true)
    }

    @Test func aJobThatFailsIsUndone() throws {
        let systemd = try Script([
            Script.reply(1, [.objectPath("/job/7")]), Script.removed("/job/7", "failed"),
            Script.refusal(2, "NoSuchUnit"),
        ])
        let error = #expect(throws: RuntimeError.self) { try systemd.manager.startScope("u.scope", []) }
        #expect(error?.code == .invalidState && error?.description.contains("\"failed\"") == true)
        #expect(try systemd.calls() == ["StartTransientUnit u.scope", "StopUnit u.scope"])
    }

    @Test func stoppingWhatIsGoneIsNoError() throws {
        let gone = try Script([Script.refusal(1, "NoSuchUnit")])
        try gone.manager.stop("u.scope")
        let there = try Script([
            Script.reply(1, [.objectPath("/job/7")]), Script.removed("/job/7", "done"), Script.refusal(2, "NoSuchUnit"),
        ])
        try there.manager.stop("u.scope")
        #expect(try there.calls() == ["StopUnit u.scope", "ResetFailedUnit u.scope"])
    }

    @Test func aBusIsAskedForSystemdsSignals() throws {
        let systemd = try Script(
            [Script.reply(1, [.string(":1.2")]), Script.reply(2), Script.reply(3), Script.reply(4)], isDirect: false)
        try systemd.manager.set([UnitProperty("TasksMax", .uint64(3))], of: "u.scope")
        let calls = try systemd.calls()
        #expect(
            calls.count == 4 && calls[0] == "Hello" && calls[2] == "Subscribe"
                && calls[3] == "SetUnitProperties u.scope")
        #expect(calls[1].hasPrefix("AddMatch type='signal'") && calls[1].contains("member='JobRemoved'"))
    }

    @Test func refusalsHaveSystemdsWords() throws {
        let systemd = try Script([Script.refusal(1, "BadUnitSetting")])
        let error = #expect(throws: RuntimeError.self) {
            try systemd.manager.set([UnitProperty("TasksMax", .uint64(3))], of: "u.scope")
        }
        #expect(
            error?.description
                == "set properties of systemd unit u.scope: words (org.freedesktop.systemd1.BadUnitSetting)")
    }

    @Test func versionsAndGroupsAreRead() throws {
        #expect(SystemdManager.version("252.39-1~deb12u2") == 252 && SystemdManager.version("v255") == 255)
        #expect(SystemdManager.version("") == 0)
        let systemd = try Script([
            Script.reply(1, [.variant(.string("257"))]), Script.reply(2, [.variant(.string("/user.slice"))]),
            Script.reply(3, [.variant(.uint32(5))]),
        ])
        #expect(try systemd.manager.version() == 257)
        #expect(try systemd.manager.version() == 257)
        #expect(try systemd.manager.controlGroup() == "/user.slice")
        #expect(throws: RuntimeError.self) { try systemd.manager.controlGroup() }
    }

    @Test(arguments: [[], [.string("x")]] as [[DBusValue]]) func answersWithoutAJobAreAnError(body: [DBusValue]) throws
    {
        let systemd = try Script([Script.reply(1, body)])
        #expect(throws: RuntimeError.self) { try systemd.manager.startScope("u.scope", []) }
    }
}
