@testable import Seccomp

/// What the kernel shows a filter: struct seccomp_data.
struct Call {
    var number: UInt32
    var audit: UInt32
    var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

    func word(_ offset: UInt32) -> UInt32? {
        switch offset {
        case 0: return number
        case 4: return audit
        case 16..<64 where offset % 4 == 0:
            let value = arguments[Int(offset - 16) / 8]
            return UInt32(truncatingIfNeeded: offset % 8 == 0 ? value : value >> 32)
        default: return nil
        }
    }
}

/// Runs a filter as the kernel would; nil where the kernel would have refused it.
func run(_ program: [BPFInstruction], _ call: Call) -> (verdict: UInt32, executed: Int)? {
    var accumulator: UInt32 = 0
    var at = 0
    var executed = 0
    while at < program.count {
        let instruction = program[at]
        executed += 1
        at += 1
        let taken: Bool
        switch instruction.code {
        case 0x20:
            guard let word = call.word(instruction.operand) else { return nil }
            accumulator = word
            continue
        case 0x54:
            accumulator &= instruction.operand
            continue
        case 0x06: return (instruction.operand, executed)
        case 0x05:
            at += Int(instruction.operand)
            continue
        case 0x15: taken = accumulator == instruction.operand
        case 0x25: taken = accumulator > instruction.operand
        case 0x35: taken = accumulator >= instruction.operand
        default: return nil
        }
        at += Int(taken ? instruction.ifTrue : instruction.ifFalse)
    }
    return nil
}

/// Decides a call straight from the profile's words, slowly, without anything of the compiler but the table.
struct NaiveEvaluator {
    let profile: SeccompProfile
    let native: Seccomp.Architecture
    /// Names by number and architecture.
    private var names: [Seccomp.Architecture: [UInt32: Set<String>]] = [:]
    private var highest: [Seccomp.Architecture: UInt32] = [:]
    /// linux/net.h and linux/ipc.h.
    private let multiplexed: [UInt32: [UInt64: String]] = [
        102: [
            1: "socket", 2: "bind", 3: "connect", 4: "listen", 5: "accept", 6: "getsockname", 7: "getpeername",
            8: "socketpair", 9: "send", 10: "recv", 11: "sendto", 12: "recvfrom", 13: "shutdown", 14: "setsockopt",
            15: "getsockopt", 16: "sendmsg", 17: "recvmsg", 18: "accept4", 19: "recvmmsg", 20: "sendmmsg",
        ],
        117: [
            1: "semop", 2: "semget", 3: "semctl", 4: "semtimedop", 11: "msgsnd", 12: "msgrcv", 13: "msgget",
            14: "msgctl", 21: "shmat", 22: "shmdt", 23: "shmget", 24: "shmctl",
        ],
    ]

    init(_ profile: SeccompProfile, native: Seccomp.Architecture, allNames: [String]) {
        self.profile = profile
        self.native = native
        let used = Set(profile.rules.flatMap(\.names))
        for architecture in native.family {
            for name in allNames {
                guard let number = SystemCallTable.number(of: name, on: architecture) else { continue }
                names[architecture, default: [:]][number, default: []].insert(name)
                if used.contains(name), number < 0xf0000 {
                    highest[architecture] = max(highest[architecture] ?? 0, number)
                }
            }
        }
    }

    private func action(_ name: String, _ errno: UInt32?) -> UInt32 {
        switch name {
        case "SCMP_ACT_ALLOW": 0x7fff_0000
        case "SCMP_ACT_LOG": 0x7ffc_0000
        case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": 0
        case "SCMP_ACT_KILL_PROCESS": 0x8000_0000
        case "SCMP_ACT_TRAP": 0x0003_0000
        case "SCMP_ACT_NOTIFY": 0x7fc0_0000
        case "SCMP_ACT_TRACE": 0x7ff0_0000 | (errno ?? 1)
        default: 0x0005_0000 | (errno ?? 1)
        }
    }

    private func holds(_ comparison: SeccompProfile.Comparison, _ call: Call, wide: Bool) -> Bool {
        let bits: UInt64 = wide ? .max : 0xffff_ffff
        let argument = call.arguments[Int(comparison.index)] & bits
        let value = comparison.value & bits
        switch comparison.op {
        case "SCMP_CMP_NE": return argument != value
        case "SCMP_CMP_LT": return argument < value
        case "SCMP_CMP_LE": return argument <= value
        case "SCMP_CMP_EQ": return argument == value
        case "SCMP_CMP_GE": return argument >= value
        case "SCMP_CMP_GT": return argument > value
        default: return argument & value == comparison.valueTwo & bits
        }
    }

    private func architecture(_ call: Call) -> Seccomp.Architecture? {
        let listed = native.family.filter { $0 == native || profile.architectures.contains($0.rawValue) }
        let high = call.audit == 0xc000_003e && call.number >= 0x4000_0000
        if high {
            if listed.contains(.x32) { return .x32 }
            return call.number == .max ? .x86_64 : nil
        }
        return listed.first { $0.auditValue == call.audit && $0 != .x32 }
    }

    func verdict(_ call: Call) -> UInt32 {
        guard let architecture = architecture(call) else { return 0x8000_0000 }
        let number = architecture == .x32 ? call.number & ~0x4000_0000 : call.number
        let fallback = action(profile.defaultAction, profile.defaultErrnoRet)
        let called = names[architecture]?[number] ?? []
        let wide = architecture == .x86_64 || architecture == .arm64
        var conditional: UInt32?
        for rule in profile.rules {
            let verdict = action(rule.action, rule.errnoRet)
            if verdict == fallback { continue }
            if !called.isDisjoint(with: rule.names) {
                if rule.args.isEmpty { return verdict }
                let results = rule.args.map { holds($0, call, wide: wide) }
                let twice = Set(rule.args.map(\.index)).count < rule.args.count
                if twice ? results.contains(true) : !results.contains(false) { conditional = conditional ?? verdict }
            }
            if architecture == .i386, rule.args.isEmpty, let table = multiplexed[number] {
                let selector = call.arguments[0] & (number == 117 ? 0xffff : 0xffff_ffff)
                if let name = table[selector], rule.names.contains(name) { conditional = conditional ?? verdict }
            }
        }
        if let conditional { return conditional }
        let lets = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"].contains(profile.defaultAction)
        let privateCall = architecture == .arm && (0xf0000..<0xf0010).contains(number)
        if !lets, !privateCall, let highest = highest[architecture], number > highest { return 0x0005_0000 | 38 }
        return fallback
    }
}
