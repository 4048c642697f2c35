/// Writes the comparison of one argument, half by half, the high half first.
struct ComparisonWriter {
    let comparison: Condition.Comparison
    let wide: Bool
    /// The word that the accumulator holds already at the entry.
    let held: UInt32?

    private var high: UInt32 { UInt32(truncatingIfNeeded: comparison.value >> 32) }
    private var low: UInt32 { UInt32(truncatingIfNeeded: comparison.value) }

    /// Returns the entry's label.
    func write(holds: Assembler.Label, fails: Assembler.Label, _ assembler: inout Assembler) -> Assembler.Label {
        switch comparison.op {
        case .equal: equality(holds, fails, &assembler)
        case .notEqual: equality(fails, holds, &assembler)
        case .greater: order(BPFInstruction.jumpGreater, holds, fails, &assembler)
        case .lessOrEqual: order(BPFInstruction.jumpGreater, fails, holds, &assembler)
        case .greaterOrEqual: order(BPFInstruction.jumpGreaterOrEqual, holds, fails, &assembler)
        case .less: order(BPFInstruction.jumpGreaterOrEqual, fails, holds, &assembler)
        case .maskedEqual: masked(holds, fails, &assembler)
        }
    }

    private func equality(
        _ same: Assembler.Label, _ differs: Assembler.Label, _ assembler: inout Assembler
    ) -> Assembler.Label {
        assembler.branch(BPFInstruction.jumpEqual, low, same, differs, holding: comparison.lowWord)
        var entry = load(comparison.lowWord, first: !wide, &assembler)
        if wide {
            assembler.branch(BPFInstruction.jumpEqual, high, entry, differs, holding: comparison.highWord)
            entry = load(comparison.highWord, first: true, &assembler)
        }
        return entry
    }

    /// `code` decides between the low halves where the high ones are equal.
    private func order(
        _ code: UInt16, _ above: Assembler.Label, _ below: Assembler.Label, _ assembler: inout Assembler
    ) -> Assembler.Label {
        assembler.branch(code, low, above, below, holding: comparison.lowWord)
        var entry = load(comparison.lowWord, first: !wide, &assembler)
        if wide {
            assembler.branch(BPFInstruction.jumpEqual, high, entry, below, holding: comparison.highWord)
            let notGreater = assembler.here
            assembler.branch(BPFInstruction.jumpGreater, high, above, notGreater, holding: comparison.highWord)
            entry = load(comparison.highWord, first: true, &assembler)
        }
        return entry
    }

    private func masked(
        _ same: Assembler.Label, _ differs: Assembler.Label, _ assembler: inout Assembler
    ) -> Assembler.Label {
        let wanted = comparison.valueTwo
        var entry = maskedHalf(
            comparison.lowWord, low, UInt32(truncatingIfNeeded: wanted), same, differs, &assembler)
        if wide {
            entry = maskedHalf(
                comparison.highWord, high, UInt32(truncatingIfNeeded: wanted >> 32), entry, differs, &assembler)
        }
        return entry
    }

    private func maskedHalf(
        _ word: UInt32, _ mask: UInt32, _ wanted: UInt32, _ same: Assembler.Label, _ differs: Assembler.Label,
        _ assembler: inout Assembler
    ) -> Assembler.Label {
        if mask == 0 { return wanted == 0 ? same : differs }
        assembler.branch(BPFInstruction.jumpEqual, wanted, same, differs, holding: mask == .max ? word : nil)
        if mask != .max { assembler.emit(BPFInstruction.and, mask) }
        assembler.emit(BPFInstruction.load, word)
        return assembler.here
    }

    /// Loads a word unless it is the first one and the accumulator holds it.
    private func load(_ word: UInt32, first: Bool, _ assembler: inout Assembler) -> Assembler.Label {
        if !(first && held == word) { assembler.emit(BPFInstruction.load, word) }
        return assembler.here
    }
}
