import DBus
import Support
import Testing

@testable import Systemd

@Suite struct VariantTextTests {
    static let texts: [(String, DBusValue)] = [
        ("true", .boolean(true)), (" false ", .boolean(false)), ("5", .int32(5)), ("-7", .int32(-7)),
        ("uint64 123456789", .uint64(123_456_789)), ("byte 0xff", .byte(255)), ("int16 -010", .int16(-8)),
        ("1.5", .double(1.5)), ("double 2", .double(2)), ("'a b'", .string("a b")),
        (#""x\"y\n\u00e4""#, .string("x\"y\nä")), ("'it\\'s'", .string("it's")),
        ("objectpath '/a'", .objectPath("/a")), ("b'hi'", .bytes([0x68, 0x69, 0])),
        ("['a', 'b']", .strings(["a", "b"])), ("@as []", .strings([])), ("@ay [1, 2]", .bytes([1, 2])),
        ("[1, uint64 2]", .array(.uint64, [.uint64(1), .uint64(2)])),
        ("(1, 'x')", .structure([.int32(1), .string("x")])), ("('x',)", .structure([.string("x")])),
        ("<uint32 3>", .variant(.uint32(3))), ("@t 9", .uint64(9)),
        (
            "[('/dev/sda', uint64 5)]",
            .array(.structure([.string, .uint64]), [.structure([.string("/dev/sda"), .uint64(5)])])
        ),
        ("{'k': <1>}", .array(.entry(.string, .variant), [.entry(.string("k"), .variant(.int32(1)))])),
        ("@a{sv} {}", .array(.entry(.string, .variant), [])),
    ]

    @Test(arguments: texts) func textsHaveTheirValues(text: String, value: DBusValue) throws {
        #expect(try VariantText.parse(text) == value)
    }

    @Test(
        arguments: [
            "", "x", "abc", "5 6", "'a", "'a' 'b'", "[1, 2", "[1,]", "[1 2]", "[]", "{}", "(1)", "()", "uint64",
            "uint64 -1",
            "byte 256", "2147483648", "int32 'x'", "@as [1]", "@s 5", "@ii 5", "@z 5", "'a\\u12'", "'\\ud800'", "{1}",
            "{<1>: 2}", "[1, 'a']", "<1", "0x", "1e999", "08", "--5", "true false", "@(s) ('a', 'b')",
            String(repeating: "[", count: 100),
            String(repeating: "<", count: 30) + "1" + String(repeating: ">", count: 30),
            "'" + String(repeating: "x", count: 5000) + "'", "\u{0}", "'a\u{0}b'",
        ]) func whatIsNotUnderstoodIsRefused(text: String)
    {
        let error = #expect(throws: RuntimeError.self) { try VariantText.parse(text) }
        #expect(error?.code == .invalidArgument)
    }

    /// Whatever the bytes are, it is a value or an error; a value's type is one that D-Bus has.
    @Test(arguments: 0..<20) func noTextEndsTheProgram(seed: Int) {
        var random = Seeded(UInt64(seed))
        let pieces = [
            "'", "\"", "[", "]", "(", ")", "{", "}", "<", ">", "@", "a", "s", "as", "uint64", "5", "-", ",", ":",
            "\\", "\\u00", " ", "0x", ".", "true", "b'",
        ]
        for _ in 0..<500 {
            let text = (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
                pieces.randomElement(using: &random)
            }.joined()
            guard let value = try? VariantText.parse(text) else { continue }
            #expect((try? DBusType.list(signature: value.type.code)) == [value.type], "\(text)")
        }
    }

    private func properties(_ annotations: [String: String]) throws -> [UnitProperty] {
        try UnitProperty.annotated(annotations)
    }

    @Test func annotationsBecomeProperties() throws {
        let annotations = [
            "org.systemd.property.TimeoutStopUSec": "uint64 123456789",
            "org.systemd.property.CollectMode": "'inactive-or-failed'", "org.systemd.property.RuntimeMaxSec": "5",
            "org.systemd.property.WatchdogSec": "1.5", "org.example.other": "'x'",
        ]
        #expect(
            try properties(annotations) == [
                UnitProperty("CollectMode", .string("inactive-or-failed")),
                UnitProperty("RuntimeMaxUSec", .uint64(5_000_000)),
                UnitProperty("TimeoutStopUSec", .uint64(123_456_789)), UnitProperty("WatchdogUSec", .uint64(1_500_000)),
            ])
        // No lower-case letter in front: a name of its own.
        #expect(try properties(["org.systemd.property.ASec": "5"]) == [UnitProperty("ASec", .int32(5))])
    }

    @Test(
        arguments: ["", "AB", "A.B", "A B", "A\nB", "Ünit", "TimeoutStop1", String(repeating: "a", count: 65)])
    func namesThatAreNone(name: String) {
        let error = #expect(throws: RuntimeError.self) { try properties(["org.systemd.property.\(name)": "5"]) }
        #expect(error?.code == .invalidArgument && error?.message.contains("annotations: org.systemd") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test(arguments: ["PIDs", "Slice", "Delegate", "DeviceAllow", "DevicePolicy", "BPFProgram", "User", "Controller"])
    func whatIsTheRuntimesIsRefused(name: String) {
        let error = #expect(throws: RuntimeError.self) { try properties(["org.systemd.property.\(name)": "'x'"]) }
        #expect(error?.code == .permissionDenied)
    }

    @Test(arguments: ["'5'", "-1", "18446744073710", "true", "[5]", "1e300"]) func secondsThatAreNone(text: String) {
        #expect(throws: RuntimeError.self) {
            try properties(["org.systemd.property.TimeoutStopSec": text == "18446744073710" ? "uint64 \(text)" : text])
        }
    }
}

/// A generator with a seed, so that a failure can be seen again.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
