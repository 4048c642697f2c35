internal import Linux

/// Bytes on their way from the event loop to the thread that reads them.
///
/// The loop never waits: it is told when enough lies here, and asked for more when it has been taken.
final class ByteQueue: Sendable {
    private struct State {
        var chunks: [[UInt8]] = []
        var first = 0
        var count = 0
        var hasEnded = false
        var isBroken = false
        /// Whether the producer was told to hold on.
        var isHeld = false
    }

    private let state = Monitor(State())
    private let limit: Int
    private let resume: @Sendable () -> Void

    /// - Parameters:
    ///   - limit: bytes beyond which ``push(_:)`` says to hold on.
    ///   - resume: called by the reader when there is room again.
    init(limit: Int, resume: @escaping @Sendable () -> Void) {
        self.limit = limit
        self.resume = resume
    }

    /// Adds bytes; false where the producer must wait for `resume` before it reads more.
    func push(_ bytes: [UInt8]) -> Bool {
        state.update { state in
            guard !state.isBroken else { return true }
            state.chunks.append(bytes)
            state.count += bytes.count
            state.isHeld = state.count >= limit
            return !state.isHeld
        }
    }

    /// Whether the producer may read on.
    var hasRoom: Bool { state.update { !$0.isHeld } }

    /// Nothing more comes, as it should be.
    func finish() { state.update { $0.hasEnded = true } }

    /// Nothing more comes, though something was missing.
    func fail() {
        state.update { state in
            state.isBroken = !state.hasEnded
            state.hasEnded = true
        }
    }

    /// The next bytes, waiting for them; nil at the end.
    ///
    /// - Throws: ``ConnectionClosed`` where the end came too early.
    func next() throws -> [UInt8]? {
        let (bytes, wasHeld) = try state.wait { state -> Awaited<([UInt8]?, Bool)> in
            if state.first < state.chunks.count {
                let chunk = state.chunks[state.first]
                state.chunks[state.first] = []
                state.first += 1
                state.count -= chunk.count
                if state.first == state.chunks.count { (state.chunks, state.first) = ([], 0) }
                defer { if state.count < limit { state.isHeld = false } }
                return .done((chunk, state.isHeld && state.count < limit))
            }
            if state.isBroken { throw ConnectionClosed() }
            return state.hasEnded ? .done((nil, false)) : .notYet
        }
        if wasHeld { resume() }
        return bytes
    }
}

/// The client went away.
struct ConnectionClosed: Error, CustomStringConvertible {
    var description: String { "the client has closed the connection" }
}
