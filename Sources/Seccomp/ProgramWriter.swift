/// Writes the filter of resolved rules: the architecture's test, then for each architecture a balanced tree of
/// comparisons over ranges of numbers with equal outcomes.
///
/// ```
///        arch == native? ──no──> arch == i386? ──no──> KILL_PROCESS
///            │ yes                   │ yes
///   number ≥ 2^30? ──yes──> x32's    tree of i386
///            │ no           tree
///      native tree
/// ```
/// The kernel runs a filter once per number when it is loaded and remembers which numbers are always allowed
/// (since 5.11), so a call that needs no look at arguments usually costs nothing.
struct ProgramWriter {
    private let rules: RuleResolver
    private let numberWord: UInt32 = 0
    private let architectureWord: UInt32 = 4

    init(_ rules: RuleResolver) { self.rules = rules }

    func write(into assembler: inout Assembler) {
        var others: [(audit: UInt32, label: Assembler.Label)] = []
        let native = rules.architectures[0]
        for (position, architecture) in rules.architectures.enumerated().reversed()
        where architecture.auditValue != native.auditValue {
            _ = tree(position, &assembler)
            assembler.emit(BPFInstruction.load, numberWord)
            others.append((architecture.auditValue, assembler.here))
        }
        let main = nativeBlock(&assembler)
        var otherwise = assembler.result(.killProcess)
        for other in others {
            assembler.branch(BPFInstruction.jumpEqual, other.audit, other.label, otherwise)
            otherwise = assembler.here
        }
        assembler.branch(BPFInstruction.jumpEqual, native.auditValue, main, otherwise)
        assembler.emit(BPFInstruction.load, architectureWord)
    }

    /// The block of the native architecture: on x86-64, x32's numbers branch off first.
    private func nativeBlock(_ assembler: inout Assembler) -> Assembler.Label {
        guard rules.architectures[0].auditValue == Seccomp.Architecture.x86_64.auditValue else {
            let label = tree(0, &assembler)
            return load(before: label, &assembler)
        }
        let wide = rules.architectures.firstIndex(of: .x86_64)
        let high: Assembler.Label
        if let x32 = rules.architectures.firstIndex(of: .x32) {
            high = tree(x32, &assembler)
        } else {
            // -1 is no x32 call: it is what a program that probes for a missing call may pass.
            let unknown = assembler.result(outcomeBeyond(wide ?? 0))
            let kill = assembler.result(.killProcess)
            assembler.branch(BPFInstruction.jumpEqual, 0xffff_ffff, unknown, kill)
            high = assembler.here
        }
        let low = wide.map { tree($0, &assembler) } ?? assembler.result(.killProcess)
        assembler.branch(BPFInstruction.jumpGreaterOrEqual, 0x4000_0000, high, low)
        assembler.emit(BPFInstruction.load, numberWord)
        return assembler.here
    }

    private func load(before label: Assembler.Label, _ assembler: inout Assembler) -> Assembler.Label {
        if label != assembler.here { assembler.emit(BPFInstruction.jump, UInt32(assembler.here - label)) }
        assembler.emit(BPFInstruction.load, numberWord)
        return assembler.here
    }

    /// What a number above every named one gets.
    private func outcomeBeyond(_ position: Int) -> Seccomp.Action {
        rules.defaultAction.lets || rules.highest[position] < 0 ? rules.defaultAction : .noSuchCall
    }

    // MARK: The tree

    /// Ranges of numbers, by their first number.
    private struct Ranges {
        var starts: [UInt32] = []
        var outcomes: [RuleResolver.Outcome] = []

        /// The outcome "above every named number"; no chain or action has this index.
        static let beyond: RuleResolver.Outcome = 0x7fff

        mutating func add(_ start: UInt32, _ outcome: RuleResolver.Outcome) {
            if outcomes.last == outcome { return }
            starts.append(start)
            outcomes.append(outcome)
        }
    }

    private func ranges(_ position: Int) -> Ranges {
        var ranges = Ranges()
        ranges.starts.reserveCapacity(160)
        ranges.outcomes.reserveCapacity(160)
        let architecture = rules.architectures[position]
        let table = position * RuleResolver.tableSize
        for number in 0...max(rules.highest[position], 0) {
            ranges.add(UInt32(number) | architecture.numberBit, rules.outcomes[table + number])
        }
        let beyond = outcomeBeyond(position) == rules.defaultAction ? 0 : Ranges.beyond
        ranges.add(UInt32(rules.highest[position] + 1) | architecture.numberBit, beyond)
        guard architecture == .arm else { return ranges }
        for number in 0..<16 {
            ranges.add(0xf0000 + UInt32(number), rules.outcomes[table + SystemCallTable.denseLimit + number])
        }
        ranges.add(0xf0010, beyond)
        return ranges
    }

    /// Writes the tree of one architecture; the accumulator holds the number at its entry, which is `here`
    /// unless the tree is a single shared return.
    private func tree(_ position: Int, _ assembler: inout Assembler) -> Assembler.Label {
        let ranges = ranges(position)
        let label = node(ranges, 0, ranges.starts.count, position, &assembler)
        if label == assembler.here { return label }
        assembler.emit(BPFInstruction.jump, UInt32(assembler.here - label))
        return assembler.here
    }

    private func node(
        _ ranges: Ranges, _ low: Int, _ high: Int, _ position: Int, _ assembler: inout Assembler
    ) -> Assembler.Label {
        if high - low == 1 { return leaf(ranges.outcomes[low], position, &assembler) }
        // One number between two ranges of one outcome: a single test for equality.
        if high - low == 3, ranges.outcomes[low] == ranges.outcomes[low + 2],
            ranges.starts[low + 2] == ranges.starts[low + 1] + 1
        {
            let inside = leaf(ranges.outcomes[low + 1], position, &assembler)
            let outside = leaf(ranges.outcomes[low], position, &assembler)
            assembler.branch(BPFInstruction.jumpEqual, ranges.starts[low + 1], inside, outside)
            return assembler.here
        }
        let middle = (low + high) / 2
        let above = node(ranges, middle, high, position, &assembler)
        let below = node(ranges, low, middle, position, &assembler)
        assembler.branch(BPFInstruction.jumpGreaterOrEqual, ranges.starts[middle], above, below)
        return assembler.here
    }

    private func leaf(
        _ outcome: RuleResolver.Outcome, _ position: Int, _ assembler: inout Assembler
    ) -> Assembler.Label {
        if outcome == Ranges.beyond { return assembler.result(.noSuchCall) }
        if outcome == 0 { return assembler.result(rules.defaultAction) }
        if outcome & RuleResolver.chainBit == 0 { return assembler.result(rules.actions[Int(outcome) - 1]) }
        return chain(rules.chains[Int(outcome & ~RuleResolver.chainBit)], position, &assembler)
    }

    /// Writes conditions tried one after the other, the default after the last.
    private func chain(_ indices: [Int], _ position: Int, _ assembler: inout Assembler) -> Assembler.Label {
        let wide = rules.architectures[position].hasWideArguments
        if let written = assembler.chain(indices, of: position) { return written }
        var next = assembler.result(rules.defaultAction)
        for place in indices.indices.reversed() {
            let condition = rules.conditions[indices[place]]
            let held = place == 0 ? nil : rules.conditions[indices[place - 1]].wordAtFailure(wide: wide)
            var success = assembler.result(condition.action)
            for (step, comparison) in condition.comparisons.enumerated().reversed() {
                let writer = ComparisonWriter(comparison: comparison, wide: wide, held: step == 0 ? held : nil)
                success = writer.write(holds: success, fails: next, &assembler)
            }
            next = success
        }
        assembler.remember(chain: indices, of: position, at: next)
        return next
    }
}
