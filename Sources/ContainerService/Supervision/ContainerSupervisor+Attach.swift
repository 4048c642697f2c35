internal import Linux
internal import ShimProtocol
internal import Support

/// Which of a process's streams a client wants.
public struct StreamChoice: Sendable, Equatable {
    /// Whether it sends input.
    public var input = false
    /// Whether it wants stdout, or the terminal.
    public var output = false
    /// Whether it wants stderr.
    public var errors = false

    /// None of them.
    public init() {}
}

/// A client that waits to be attached to a container. A start waits for those who wait at its time, so that they miss nothing.
public final class AttachTicket: Sendable {
    private let supervisor: ContainerSupervisor
    private let cell: ContainerCell
    private let round: Int?
    private let hasLeft = Monitor(false)

    fileprivate init(_ supervisor: ContainerSupervisor, _ cell: ContainerCell) {
        self.supervisor = supervisor
        self.cell = cell
        round = cell.state.update { state in
            if state.isAttachable { return nil }
            state.expectedClients += 1
            return state.startRounds
        }
    }

    deinit { leave() }

    /// Waits until the container can be attached to, and does it; nil where its start failed, or `isGone` says that the client has
    /// left.
    public func attach(_ choice: StreamChoice, unless isGone: () -> Bool) throws -> ProcessStream? {
        defer { leave() }
        let isThere = cell.state.wait { state -> Awaited<Bool> in
            if isGone() || state.isRemoved { return .done(false) }
            if let round, state.startRounds == round { return .notYet }
            return .done(state.isAttachable)
        }
        guard isThere else { return nil }
        let specification = cell.record.specification
        let client = try ShimClient(supervisor.shimFolder(cell.id))
        try client.call(
            .attach(
                AttachSettings(
                    name: ProcessName(cell.id), output: choice.output, errors: choice.errors,
                    input: choice.input && specification.interactive,
                    inputOnce: choice.input && specification.endsInputWithClient)))
        return ProcessStream(client)
    }

    /// Has the wait ask again whether the client is there.
    public func wake() { cell.state.update { _ in } }

    private func leave() {
        let isFirst = hasLeft.update { left in
            defer { left = true }
            return !left
        }
        if isFirst, round != nil { cell.state.update { $0.expectedClients -= 1 } }
    }
}

extension ContainerSupervisor {
    /// Begins to wait for a container to attach to; it may run already.
    public func attaching(to reference: String) throws -> AttachTicket {
        AttachTicket(self, try cell(reference))
    }
}
