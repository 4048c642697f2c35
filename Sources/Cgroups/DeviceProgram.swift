/// A BPF program of type CGROUP_DEVICE that decides what v2 groups may do with devices.
///
/// The kernel runs it with the wanted access in r1 and lets the access be where it returns 1. Each wanted bit is
/// decided by the last rule that names it, so the rules are tested from the last to the first: a rule that forbids a
/// bit still wanted ends in 0, one that allows takes its bits off, and where none is left the answer is 1.
struct DeviceProgram {
    /// The instructions, eight bytes each (struct bpf_insn).
    let instructions: [UInt64]

    init(rules: [CgroupDeviceRule]) {
        var writer = Writer()
        writer.prologue()
        // A rule for all devices decides whatever comes to it; the verifier takes no instruction behind it.
        let start = rules.lastIndex { $0.kind == .all }
        for rule in rules[((start ?? -1) + 1)...].reversed() { writer.add(rule) }
        writer.answer(start.map { rules[$0].allow ? 1 : 0 } ?? 0)
        instructions = writer.code
    }

    /// Registers: r2 kind, r3 the bits still undecided, r4 major, r5 minor.
    private struct Writer {
        var code: [UInt64] = []

        private mutating func emit(
            _ operation: UInt8, _ destination: UInt8 = 0, _ source: UInt8 = 0, offset: Int16 = 0, _ value: Int32 = 0
        ) {
            let registers = UInt64(destination | source << 4) << 8
            let jump = UInt64(UInt16(bitPattern: offset)) << 16
            code.append(UInt64(operation) | registers | jump | UInt64(UInt32(bitPattern: value)) << 32)
        }

        /// Loads struct bpf_cgroup_dev_ctx: access_type (kind below, bits above 16), major, minor.
        mutating func prologue() {
            emit(0x61, 2, 1, offset: 0)  // r2 = *(u32 *)(r1 + 0)
            emit(0xbc, 3, 2)  // w3 = w2
            emit(0x54, 2, 0, 0xffff)  // w2 &= 0xffff
            emit(0x74, 3, 0, 16)  // w3 >>= 16
            emit(0x61, 4, 1, offset: 4)
            emit(0x61, 5, 1, offset: 8)
        }

        mutating func answer(_ value: Int32) {
            emit(0xb4, 0, 0, value)  // w0 = value
            emit(0x95)  // exit
        }

        mutating func add(_ rule: CgroupDeviceRule) {
            var tests: [(register: UInt8, value: Int64)] = [(2, rule.kind == .block ? 1 : 2)]
            if let major = rule.major, major >= 0 { tests.append((4, major)) }
            if let minor = rule.minor, minor >= 0 { tests.append((5, minor)) }
            let bits = Int32(rule.accessBits)
            let body = bits == 7 ? 2 : rule.allow ? 4 : 5
            for (index, test) in tests.enumerated() {
                // if (w register != value) skip what is left of this rule
                let left = Int16(tests.count - index - 1 + body)
                emit(0x56, test.register, 0, offset: left, Int32(truncatingIfNeeded: test.value))
            }
            if bits == 7 { return answer(rule.allow ? 1 : 0) }
            if rule.allow {
                emit(0x54, 3, 0, ~bits)  // w3 &= ~bits
                emit(0x56, 3, 0, offset: 2, 0)  // if (w3 != 0) go on
                answer(1)
            } else {
                emit(0xbc, 1, 3)  // w1 = w3: the context is not needed any more
                emit(0x54, 1, 0, bits)
                emit(0x16, 1, 0, offset: 2, 0)  // if (w1 == 0) go on
                answer(0)
            }
        }
    }
}
