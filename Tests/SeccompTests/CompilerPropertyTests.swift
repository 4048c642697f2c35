import Testing

@testable import Seccomp

/// A small generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

@Suite struct CompilerPropertyTests {
    static let names = SystemCallTable.allNames
    static let actions = [
        "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP",
        "SCMP_ACT_TRACE", "SCMP_ACT_LOG", "SCMP_ACT_KILL_THREAD",
    ]
    static let operators = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"].map { "SCMP_CMP_\($0)" }
    /// Values around the borders of the halves.
    static let values: [UInt64] = [
        0, 1, 2, 9, 16, 38, 40, 0x7e02_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000,
        0x1_0000_0028, 0xffff_ffff_0000_0000, 0x8000_0000_0000_0000, .max, .max - 1,
    ]

    func profile(_ random: inout SeededGenerator, native: Seccomp.Architecture) -> SeccompProfile {
        let action = { (random: inout SeededGenerator) in Self.actions.randomElement(using: &random) ?? "" }
        let errno = { (action: String, random: inout SeededGenerator) -> UInt32? in
            guard action == "SCMP_ACT_ERRNO" || action == "SCMP_ACT_TRACE" else { return nil }
            return Bool.random(using: &random) ? nil : UInt32.random(in: 0...4095, using: &random)
        }
        // Few names, used often, so that rules meet on one call; sometimes many.
        let pool = (0..<Int.random(in: 1...12, using: &random)).map { _ in
            Bool.random(using: &random)
                ? Self.names.randomElement(using: &random) ?? ""
                : ["socket", "clone", "socketcall", "ipc", "bind", "semop", "shmat", "read", "nosuch"]
                    .randomElement(using: &random) ?? ""
        }
        let many = Int.random(in: 0..<4, using: &random) == 0
        var rules: [SeccompProfile.Rule] = []
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let names =
                many
                ? Self.names.shuffled(using: &random).prefix(60) + pool.prefix(1)
                : pool.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)) + []
            var args: [SeccompProfile.Comparison] = []
            for _ in 0..<max(0, Int.random(in: -2...4, using: &random)) {
                args.append(
                    .init(
                        index: .random(in: 0...(many ? 5 : 1), using: &random),
                        value: Self.values.randomElement(using: &random) ?? 0,
                        valueTwo: Self.values.randomElement(using: &random) ?? 0,
                        op: Self.operators.randomElement(using: &random) ?? ""))
            }
            let chosen = action(&random)
            rules.append(.init(names: Array(names), action: chosen, errnoRet: errno(chosen, &random), args: args))
        }
        let chosen = action(&random)
        return SeccompProfile(
            defaultAction: chosen, defaultErrnoRet: errno(chosen, &random),
            architectures: native.family.filter { _ in Bool.random(using: &random) }.map(\.rawValue), rules: rules)
    }

    func call(
        _ profile: SeccompProfile, _ native: Seccomp.Architecture, _ random: inout SeededGenerator
    ) -> Call {
        let architecture = native.family.randomElement(using: &random) ?? native
        let named = profile.rules.flatMap(\.names)
        let number: UInt32
        switch Int.random(in: 0..<6, using: &random) {
        case 0: number = .random(in: 0...600, using: &random) | (architecture == .x32 ? 0x4000_0000 : 0)
        case 1:
            number =
                [0xffff_ffff, 0x4000_0000, 0x7fff_ffff, 0x3fff_ffff, 0xf0002, 0xf0010, 1 << 31]
                .randomElement(using: &random) ?? 0
        case 2: number = architecture == .i386 ? [102, 117].randomElement(using: &random) ?? 0 : 0
        default:
            let name = named.randomElement(using: &random) ?? "read"
            number =
                (SystemCallTable.number(of: name, on: architecture) ?? 3)
                | (architecture == .x32 ? 0x4000_0000 : 0)
        }
        let wild = Int.random(in: 0..<50, using: &random) == 0
        return Call(
            number: number, audit: wild ? .random(in: 0 ... .max, using: &random) : architecture.auditValue,
            arguments: (0..<6).map { _ in argument(&random) })
    }

    func argument(_ random: inout SeededGenerator) -> UInt64 {
        let base = Self.values.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<7, using: &random) {
        case 0: return base &+ 1
        case 1: return base &- 1
        case 2: return base ^ (1 << UInt64.random(in: 0..<64, using: &random))
        case 3: return UInt64.random(in: 0...30, using: &random)
        case 4: return UInt64.random(in: 0...30, using: &random) | UInt64.random(in: 0...3, using: &random) << 16
        default: return base
        }
    }

    @Test(arguments: [Seccomp.Architecture.x86_64, .arm64])
    func filterAgreesWithTheProfile(native: Seccomp.Architecture) throws {
        var random = SeededGenerator(state: 0x4a4b_0001)
        var cases = 0
        for round in 0..<250 {
            let profile = profile(&random, native: native)
            // Some profiles of many names with many conditions don't fit; most do, as the count below proves.
            guard let program = try? Seccomp.compile(profile, native: native) else { continue }
            let judge = NaiveEvaluator(profile, native: native, allNames: Self.names)
            for _ in 0..<100 {
                let call = call(profile, native, &random)
                let verdict = run(program.instructions, call)?.verdict
                try #require(verdict == judge.verdict(call), "round \(round): \(call)")
                cases += 1
            }
        }
        #expect(cases > 20_000)
    }

    @Test func hugeFiltersAreStillRight() throws {
        // 60 conditions on each of 40 calls: far jumps in every direction.
        let rules = (0..<40).flatMap { name in
            (0..<60).map { value in
                SeccompProfile.Rule(
                    names: [Self.names[name * 9]], action: value % 3 == 0 ? "SCMP_ACT_TRAP" : "SCMP_ACT_ALLOW",
                    args: [.init(index: 0, value: UInt64(value) << 31, op: "SCMP_CMP_EQ")])
            }
        }
        let small = SeccompProfile(defaultAction: "SCMP_ACT_ERRNO", rules: Array(rules.prefix(60 * 12)))
        let program = try Seccomp.compile(small, native: .x86_64)
        #expect(program.instructions.count > 1000)
        let judge = NaiveEvaluator(small, native: .x86_64, allNames: Self.names)
        for number in UInt32(0)...480 {
            for value in [0, 1, 2, 58, 59, 60] {
                let call = Call(
                    number: number, audit: 0xc000_003e, arguments: [UInt64(value) << 31, 0, 0, 0, 0, 0])
                try #require(run(program.instructions, call)?.verdict == judge.verdict(call), "\(call)")
            }
        }
        let error = #expect(throws: (any Error).self) {
            try Seccomp.compile(SeccompProfile(defaultAction: "SCMP_ACT_ERRNO", rules: rules), native: .x86_64)
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("the kernel takes 4096"))
    }
}
