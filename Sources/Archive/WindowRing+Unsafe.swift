internal import Dispatch
internal import Linux

/// Windows of unpacked bytes on their way from the thread that decodes to the one that reads.
///
/// The decoder runs ahead by ``capacity`` windows at most, so that memory is bounded whatever the blob is.
final class WindowRing: Sendable {
    static let capacity = 4
    static let windowBytes = 256 << 10

    private struct State {
        /// Bytes of each window that is filled and not given back, oldest first.
        var counts: [Int] = []
        /// Windows taken out and given back so far.
        var taken = 0
        var isStopped = false
        var hasEnded = false
        var failure: (any Error)?
    }

    // SAFETY: a window belongs to the decoder until `counts` names it and to the reader until it is given back; the
    // monitor orders the two.
    private nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer
    private let state = Monitor(State())

    init() {
        memory = .allocate(byteCount: Self.capacity * Self.windowBytes, alignment: 4096)
    }

    deinit {
        memory.deallocate()
    }

    private func window(_ number: Int) -> UnsafeMutableRawBufferPointer {
        let start = number % Self.capacity * Self.windowBytes
        return .init(rebasing: memory[start..<start + Self.windowBytes])
    }

    /// Starts a thread that fills windows by `fill` until it returns 0 or throws.
    func start(_ fill: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        // SAFETY: the closure, and all it refers to, is used by this one thread until ``stop()`` has returned.
        nonisolated(unsafe) let fill = fill
        DispatchQueue(label: "hako.decode").async { [self] in
            do {
                while let number = nextFree() {
                    let count = try fill(window(number))
                    if count == 0 { break }
                    state.update { $0.counts.append(count) }
                }
                state.update { $0.hasEnded = true }
            } catch {
                state.update { ($0.failure, $0.hasEnded) = (error, true) }
            }
        }
    }

    /// The next window to fill; nil where the reader has gone.
    private func nextFree() -> Int? {
        state.wait { state in
            if state.isStopped { return .done(nil) }
            return state.counts.count < Self.capacity ? .done(state.taken + state.counts.count) : .notYet
        }
    }

    /// The oldest filled window; nil at the end. It stays valid until ``giveBack()``.
    func next() throws -> UnsafeMutableRawBufferPointer? {
        try state.wait { state in
            if let count = state.counts.first {
                return .done(UnsafeMutableRawBufferPointer(rebasing: window(state.taken)[..<count]))
            }
            if let failure = state.failure { throw failure }
            return state.hasEnded ? .done(nil) : .notYet
        }
    }

    /// Lets the oldest filled window be filled again.
    func giveBack() {
        state.update { state in
            state.counts.removeFirst()
            state.taken += 1
        }
    }

    /// Ends the thread, and waits until it is done; `cancel` wakes it where it waits for input.
    func stop(_ cancel: () -> Void) {
        let isRunning = state.update { state in
            state.isStopped = true
            return !state.hasEnded
        }
        if isRunning { cancel() }
        state.wait { $0.hasEnded ? .done(()) : .notYet }
    }
}
