/// Writes a BPF program from its end to its start, so that every jump's target is known when the jump is written.
///
/// A label is the position from the end. Conditional jumps reach 255 instructions; a target further away is
/// reached through a copy of its return or through an unconditional jump placed in between.
struct Assembler {
    /// An instruction's position counted from the program's end.
    typealias Label = Int

    private(set) var reversed: [BPFInstruction] = []
    private var results: [(value: UInt32, label: Label)] = []

    private var chains: [(indices: [Int], position: Int, label: Label)] = []

    init() { reversed.reserveCapacity(512) }

    /// The program in running order.
    var instructions: [BPFInstruction] { reversed.reversed() }
    /// The label of the instruction written last.
    var here: Label { reversed.count - 1 }

    /// Writes an instruction that runs on into the one written before it.
    mutating func emit(_ code: UInt16, _ operand: UInt32) {
        reversed.append(BPFInstruction(code: code, ifTrue: 0, ifFalse: 0, operand: operand))
    }

    /// The label of a return of `action`, shared with earlier ones that are near.
    mutating func result(_ action: Seccomp.Action) -> Label {
        if let at = results.firstIndex(where: { $0.value == action.rawValue }) {
            if reversed.count - results[at].label < 200 { return results[at].label }
            results.remove(at: at)
        }
        emit(BPFInstruction.result, action.rawValue)
        results.append((action.rawValue, here))
        return here
    }

    /// The label of a chain of conditions written before for the same architecture: calls with the same rules share it.
    func chain(_ indices: [Int], of position: Int) -> Label? {
        chains.first { $0.position == position && $0.indices == indices }?.label
    }

    /// Makes a chain known to ``chain(_:of:)``.
    mutating func remember(chain indices: [Int], of position: Int, at label: Label) {
        chains.append((indices, position, label))
    }

    /// Writes a conditional jump; `holding` is the word in the accumulator, so that a target that loads the same
    /// word again is entered behind its load.
    mutating func branch(
        _ code: UInt16, _ operand: UInt32, _ ifTrue: Label, _ ifFalse: Label, holding word: UInt32? = nil
    ) {
        var yes = behindLoad(ifTrue, of: word)
        var no = behindLoad(ifFalse, of: word)
        // Bringing one target near moves the other one instruction further away: 254 leaves room for that.
        if distance(yes) > 254 { yes = near(yes) }
        if distance(no) > 254 { no = near(no) }
        reversed.append(
            BPFInstruction(
                code: code, ifTrue: UInt8(distance(yes)), ifFalse: UInt8(distance(no)), operand: operand))
    }

    /// How far a jump written now would skip.
    private func distance(_ label: Label) -> Int { reversed.count - label - 1 }

    private func behindLoad(_ label: Label, of word: UInt32?) -> Label {
        guard let word, reversed[label].code == BPFInstruction.load, reversed[label].operand == word else {
            return label
        }
        return label - 1
    }

    /// A stand-in for a far target, written here.
    private mutating func near(_ label: Label) -> Label {
        if reversed[label].code == BPFInstruction.result {
            return result(Seccomp.Action(rawValue: reversed[label].operand))
        }
        emit(BPFInstruction.jump, UInt32(distance(label)))
        return here
    }
}
