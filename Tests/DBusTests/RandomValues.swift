@testable import DBus

/// A generator with a seed, so that a failure can be seen again.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Types and values of every kind that the wire has.
struct RandomValues {
    var random: Seeded

    mutating func type(depth: Int = 0) -> DBusType {
        switch Int.random(in: 0..<(depth < 3 ? 16 : 13), using: &random) {
        case 13: return .array(type(depth: depth + 1))
        case 14: return .structure((0..<Int.random(in: 1...3, using: &random)).map { _ in type(depth: depth + 1) })
        case 15: return .array(.entry(basic(), type(depth: depth + 1)))
        case 12: return .variant
        default: return basic()
        }
    }

    private mutating func basic() -> DBusType {
        let all: [DBusType] = [
            .byte, .boolean, .int16, .uint16, .int32, .uint32, .int64, .uint64, .double, .string, .objectPath,
            .signature,
        ]
        return all.randomElement(using: &random) ?? .byte
    }

    mutating func value(_ type: DBusType, depth: Int = 0) -> DBusValue {
        let number = random.next()
        switch type {
        case .byte: return .byte(UInt8(truncatingIfNeeded: number))
        case .boolean: return .boolean(number % 2 == 0)
        case .int16: return .int16(Int16(truncatingIfNeeded: number))
        case .uint16: return .uint16(UInt16(truncatingIfNeeded: number))
        case .int32: return .int32(Int32(truncatingIfNeeded: number))
        case .uint32: return .uint32(UInt32(truncatingIfNeeded: number))
        case .int64: return .int64(Int64(truncatingIfNeeded: number))
        case .uint64: return .uint64(number)
        case .double: return .double(Double(Int64(truncatingIfNeeded: number)) / 8)
        case .string: return .string(["", "a", "äö 箱", "x\ny", String(repeating: "z", count: 300)][Int(number % 5)])
        case .objectPath: return .objectPath(["/", "/a", "/org/x_1/Y"][Int(number % 3)])
        case .signature: return .signature(["", "s", "a{sv}", "(ua(st))"][Int(number % 4)])
        case .variant: return .variant(value(depth < 3 ? self.type(depth: 2) : .uint16, depth: depth + 1))
        case .array(.byte): return .bytes((0..<number % 9).map { UInt8(truncatingIfNeeded: $0 &* number) })
        case .array(let element): return .array(element, (0..<number % 4).map { _ in value(element, depth: depth + 1) })
        case .structure(let members): return .structure(members.map { value($0, depth: depth + 1) })
        case .entry(let key, let inner): return .entry(value(key, depth: depth + 1), value(inner, depth: depth + 1))
        }
    }

    mutating func message() -> DBusMessage {
        var message = DBusMessage(.signal, serial: UInt32.random(in: 1 ... .max, using: &random))
        (message.path, message.interface, message.member) = ("/a/b", "c.d", "E")
        if random.next() % 2 == 0 { message.sender = ":1.\(random.next() % 100)" }
        message.body = (0..<Int.random(in: 0...4, using: &random)).map { _ in value(type()) }
        return message
    }
}
