import Support
import Testing

@testable import ContainerService

@Suite struct ContainerLifecycleTests {
    static let ending = ContainerLifecycle.Ending(code: 3, at: 9)
    static let states: [ContainerLifecycle] = [
        .preparing, .created, .starting, .running(pid: 7, since: 5), .exited(ending), .removing, .removed,
    ]
    static let events: [ContainerLifecycle.Event] = [
        .prepared, .start, .started(pid: 7, at: 5), .startFailed(ending), .ended(ending), .ownerDied(at: 8),
        .remove(force: false), .remove(force: true), .removed,
    ]

    /// The state that follows and what is done, for each state and event; nil where the event is refused.
    /// Each row's columns are in the order of `events`.
    static let table: [String: [String?]] = [
        "preparing": ["created P", nil, nil, nil, nil, "removing DUF", nil, "removing PDUF", nil],
        "created": [nil, "starting P", nil, nil, nil, "created ", "removing PDUF", "removing PDUF", nil],
        "starting": [nil, nil, "running P", "exited DUPE", nil, "exited DUPE", nil, "removing PDUF", nil],
        "running": [nil, nil, nil, nil, "exited DUPE", "exited DUPE", nil, "removing PDUF", nil],
        "exited": [nil, "starting P", nil, nil, nil, "exited ", "removing PDUF", "removing PDUF", nil],
        "removing": [nil, nil, nil, nil, nil, "removing DUF", nil, "removing PDUF", "removed "],
        "removed": [nil, nil, nil, nil, nil, nil, nil, nil, nil],
    ]

    @Test(arguments: states) func everyEvent(state: ContainerLifecycle) throws {
        let row = try #require(Self.table[state.name])
        #expect(row.count == Self.events.count)
        for (event, expected) in zip(Self.events, row) {
            var next = state
            guard let expected else {
                let error = #expect(throws: RuntimeError.self, "\(state) \(event)") { try next.handle(event) }
                #expect(error?.code == .invalidState)
                #expect(next == state)
                continue
            }
            let actions = try next.handle(event)
            #expect("\(next.name) \(actions.map(Self.letter).joined())" == expected, "\(state) \(event)")
        }
    }

    @Test func endingsAreKept() throws {
        var state = ContainerLifecycle.running(pid: 7, since: 5)
        _ = try state.handle(.ended(Self.ending))
        #expect(state == .exited(Self.ending))
        state = .running(pid: 7, since: 5)
        _ = try state.handle(.ownerDied(at: 8))
        guard case .exited(let ending) = state else {
            Issue.record("not exited: \(state)")
            return
        }
        #expect(ending.code == 137)
        #expect(ending.at == 8)
        #expect(ending.reason != nil)
    }

    @Test func refusalsSayWhatToDo() {
        var state = ContainerLifecycle.running(pid: 7, since: 5)
        let error = #expect(throws: RuntimeError.self) { try state.handle(.remove(force: false)) }
        #expect(error?.message == "it is running: stop it first or remove it by force")
    }

    static func letter(_ action: ContainerLifecycle.Action) -> String {
        switch action {
        case .persist: "P"
        case .deleteRuntimeContainer: "D"
        case .releaseRoot: "U"
        case .removeFiles: "F"
        case .removeIfEphemeral: "E"
        }
    }
}
