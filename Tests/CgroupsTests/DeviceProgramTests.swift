import Testing

@testable import Cgroups

@Suite struct DeviceProgramTests {
    /// Runs the few operations that the program uses.
    func run(_ code: [UInt64], kind: UInt32, access: UInt32, major: UInt32, minor: UInt32) -> UInt32? {
        var registers = [UInt32](repeating: 0xdead, count: 11)
        let context = [kind | access << 16, major, minor]
        var at = 0
        while at < code.count {
            let word = code[at]
            let target = Int(word >> 8 & 15)
            let source = Int(word >> 12 & 15)
            let offset = Int(Int16(truncatingIfNeeded: word >> 16))
            let value = UInt32(truncatingIfNeeded: word >> 32)
            at += 1
            switch UInt8(truncatingIfNeeded: word) {
            case 0x61: registers[target] = context[offset / 4]
            case 0xbc: registers[target] = registers[source]
            case 0x54: registers[target] &= value
            case 0x74: registers[target] >>= value
            case 0xb4: registers[target] = value
            case 0x56: if registers[target] != value { at += offset }
            case 0x16: if registers[target] == value { at += offset }
            case 0x95: return registers[0]
            default: return nil
            }
        }
        return nil
    }

    /// Each bit by the last rule that names it.
    func judge(_ rules: [CgroupDeviceRule], _ block: Bool, _ access: UInt32, _ major: Int64, _ minor: Int64) -> UInt32 {
        for bit in [1, 2, 4] as [UInt32] where access & bit != 0 {
            let last = rules.last { rule in
                if rule.kind == .all { return true }
                return (rule.kind == .block) == block && rule.accessBits & bit != 0
                    && (rule.major ?? major) == major && (rule.minor ?? minor) == minor
            }
            if last?.allow != true { return 0 }
        }
        return 1
    }

    @Test func agreesWithTheRules() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let rules = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                CgroupDeviceRule(
                    allow: Bool.random(using: &random),
                    kind: [.all, .block, .character, .character, .block].randomElement() ?? .all,
                    major: Bool.random() ? nil : Int64.random(in: 1...3),
                    minor: Bool.random() ? nil : .random(in: 0...2),
                    access: ["r", "w", "m", "rw", "rwm", "wm", "rm"].randomElement() ?? "r")
            }
            let program = DeviceProgram(rules: rules)
            for access in UInt32(1)...7 {
                for major in Int64(1)...4 {
                    for block in [true, false] {
                        let minor = Int64.random(in: 0...3)
                        let verdict = run(
                            program.instructions, kind: block ? 1 : 2, access: access, major: UInt32(major),
                            minor: UInt32(minor))
                        #expect(verdict == judge(rules, block, access, major, minor), "\(rules)")
                    }
                }
            }
        }
    }
}
