internal import Linux
internal import Support

/// What somebody waits for.
public enum ContainerCondition: String, Sendable {
    /// That it does not run; at once where that is so.
    case notRunning = "not-running"
    /// Its next end.
    case nextExit = "next-exit"
    /// Its removal.
    case removed
}

/// Somebody's wait for a container, from the moment it was asked for.
public struct ContainerWait: Sendable {
    let cell: ContainerCell
    let condition: ContainerCondition
    let exits: Int

    /// Waits; nil where `isGone` says that nobody wants to know any more, which is asked after each ``wake()``.
    public func wait(unless isGone: () -> Bool) -> ContainerExit? {
        cell.state.wait { state in
            if isGone() { return .done(nil) }
            let isMet =
                switch condition {
                case .notRunning: !state.record.isRunning || state.exits > exits
                case .nextExit: state.exits > exits
                case .removed: state.isRemoved
                }
            guard isMet || state.isRemoved else { return .notYet }
            if let exit = state.lastExit { return .done(exit) }
            if case .exited(let ending) = state.record.lifecycle { return .done(ContainerExit(code: ending.code)) }
            return .done(ContainerExit(code: 0))
        }
    }

    /// Has the wait ask again whether anybody wants to know.
    public func wake() { cell.state.update { _ in } }
}

extension ContainerSupervisor {
    /// Begins to wait: what happens from now on counts.
    public func waiting(for condition: ContainerCondition, of reference: String) throws -> ContainerWait {
        let cell = try cell(reference)
        return ContainerWait(cell: cell, condition: condition, exits: cell.state.update { $0.exits })
    }
}
