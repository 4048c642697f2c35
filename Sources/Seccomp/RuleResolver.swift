internal import Support

/// Turns a profile's names into one table per architecture: call number → outcome.
struct RuleResolver {
    /// What happens to a call: 0 the default, n the action n - 1, with the top bit set the chain of conditions.
    typealias Outcome = UInt16
    static let chainBit: Outcome = 0x8000
    /// The dense numbers, then 16 places for arm's private calls.
    static let tableSize = SystemCallTable.denseLimit + 16

    let defaultAction: Seccomp.Action
    /// The native architecture first.
    let architectures: [Seccomp.Architecture]
    private(set) var actions: [Seccomp.Action] = []
    private(set) var conditions: [Condition] = []
    /// Indices of conditions, tried in order.
    private(set) var chains: [[Int]] = []
    /// One table after the other, in the order of `architectures`.
    private(set) var outcomes: [Outcome]
    /// Per architecture the highest dense number that the profile names; -1 for none.
    private(set) var highest: [Int]
    private(set) var warnings: [String] = []
    private(set) var notifies = false
    private let i386: Int?

    init(_ profile: SeccompProfile, native: Seccomp.Architecture) throws {
        defaultAction = try Seccomp.Action(
            profile.defaultAction, errnoRet: profile.defaultErrnoRet, field: "linux.seccomp.defaultAction")
        if defaultAction == .notify {
            throw RuntimeError(.invalidArgument, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY can't be the default")
        }
        var listed = [native]
        for name in profile.architectures {
            if let architecture = Seccomp.Architecture(rawValue: name) {
                if native.family.contains(architecture), !listed.contains(architecture) { listed.append(architecture) }
            } else if !Seccomp.foreignArchitectures.contains(name) {
                throw RuntimeError(.invalidArgument, "linux.seccomp.architectures: unknown architecture \(name)")
            }
        }
        architectures = listed
        i386 = listed.firstIndex(of: .i386)
        highest = Array(repeating: -1, count: listed.count)
        outcomes = Array(repeating: 0, count: listed.count * Self.tableSize)
    }

    mutating func resolve(_ rules: [SeccompProfile.Rule]) throws {
        for (index, rule) in rules.enumerated() {
            let action = try Seccomp.Action(
                rule.action, errnoRet: rule.errnoRet, field: "linux.seccomp.syscalls[\(index)]")
            if rule.names.isEmpty {
                throw RuntimeError(.invalidArgument, "linux.seccomp.syscalls[\(index)].names: empty")
            }
            if action == .notify { try checkNotify(rule, index) }
            let added = try conditions(of: rule, action, index)
            for name in rule.names { apply(name, action, added) }
        }
    }

    private mutating func checkNotify(_ rule: SeccompProfile.Rule, _ index: Int) throws {
        notifies = true
        // The runtime itself still tells its parent about the listener when the filter is in force.
        if rule.names.contains("write") {
            throw RuntimeError(
                .invalidArgument, "linux.seccomp.syscalls[\(index)]: SCMP_ACT_NOTIFY can't be used for write")
        }
    }

    /// Registers the rule's conditions: none, one, or one for each comparison where an argument is compared twice.
    private mutating func conditions(
        of rule: SeccompProfile.Rule, _ action: Seccomp.Action, _ index: Int
    ) throws -> Range<Int> {
        let start = conditions.count
        if rule.args.isEmpty { return start..<start }
        var seen: UInt32 = 0
        var twice = false
        var comparisons: [Condition.Comparison] = []
        for (position, argument) in rule.args.enumerated() {
            let field = "linux.seccomp.syscalls[\(index)].args[\(position)]"
            guard argument.index < 6 else {
                throw RuntimeError(.invalidArgument, "\(field).index: \(argument.index) is above 5")
            }
            twice = twice || seen & 1 << argument.index != 0
            seen |= 1 << argument.index
            comparisons.append(
                Condition.Comparison(
                    index: argument.index, op: try Condition.Operator(argument.op, field: "\(field).op"),
                    value: argument.value, valueTwo: argument.valueTwo))
        }
        if twice {
            conditions += comparisons.map { Condition(action: action, comparisons: [$0]) }
        } else {
            conditions.append(Condition(action: action, comparisons: comparisons))
        }
        return start..<conditions.count
    }

    /// Enters one name into every architecture's table.
    private mutating func apply(_ name: String, _ action: Seccomp.Action, _ added: Range<Int>) {
        let row = SystemCallTable.row(of: name)
        var known = false
        let identifier = action == defaultAction ? 0 : self.identifier(of: action)
        for (position, architecture) in architectures.enumerated() {
            guard let row else { break }
            let raw = SystemCallTable.numbers[row * 5 + architecture.column]
            guard raw != 0xffff else { continue }
            known = true
            let place = raw < 0xf000 ? Int(raw) : SystemCallTable.denseLimit + Int(raw & 15)
            if raw < 0xf000, place > highest[position] { highest[position] = place }
            if identifier == 0 { continue }
            set(position * Self.tableSize + place, identifier, added)
        }
        if let i386, let call = Multiplexed.call(name, row: row) {
            known = true
            if identifier != 0, added.isEmpty { multiplex(call, action, table: i386) }
        }
        if !known { warnings.append(name) }
    }

    private mutating func identifier(of action: Seccomp.Action) -> Outcome {
        if let index = actions.firstIndex(of: action) { return Outcome(index + 1) }
        actions.append(action)
        return Outcome(actions.count)
    }

    private mutating func set(_ place: Int, _ identifier: Outcome, _ added: Range<Int>) {
        let now = outcomes[place]
        if added.isEmpty {
            if now == 0 || now & Self.chainBit != 0 { outcomes[place] = identifier }
        } else if now & Self.chainBit != 0 {
            chains[Int(now & ~Self.chainBit)] += added
        } else if now == 0 {
            chains.append(Array(added))
            outcomes[place] = Self.chainBit | Outcome(chains.count - 1)
        }
    }

    private mutating func multiplex(_ call: Multiplexed, _ action: Seccomp.Action, table: Int) {
        let place = table * Self.tableSize + Int(call.multiplexer)
        let now = outcomes[place]
        if now != 0 && now & Self.chainBit == 0 { return }
        conditions.append(Condition(action: action, comparisons: [call.comparison]))
        set(place, 1, conditions.count - 1..<conditions.count)
    }
}
