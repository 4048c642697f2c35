internal import Glibc

/// The buffer that everything is read into: one for the whole shim, whose pages are touched only as far as they are needed.
final class Scratch {
    /// Reads at most this many bytes at once, the capacity of a pipe.
    static let size = 65536
    // SAFETY: allocated here, freed in deinit, lent out for the length of a call only.
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Scratch.size, alignment: 16)

    deinit { memory.deallocate() }

    /// What a read came to.
    enum Outcome: Equatable {
        case bytes(Int)
        case later
        case end
    }

    /// Reads once and lends what came to `body`.
    func read(_ descriptor: Int32, limit: Int = Scratch.size, _ body: (UnsafeRawBufferPointer) -> Void) -> Outcome {
        let count = Glibc.read(descriptor, memory.baseAddress, min(limit, memory.count))
        if count > 0 {
            body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
            return .bytes(count)
        }
        // EIO: the last program has closed a terminal.
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? .later : .end
    }
}
