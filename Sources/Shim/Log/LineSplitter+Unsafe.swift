internal import Glibc

/// Cuts output into lines, whatever pieces it arrives in.
struct LineSplitter {
    /// The most bytes of a piece; Docker's.
    static let longest = 16384
    /// The begin of a line whose end has not come.
    private var waiting: [UInt8] = []

    /// Calls `body` with each line that is complete, its line feed included, and with each ``longest`` bytes of one that is not.
    mutating func split(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        // SAFETY: every index stays below the buffer's count.
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let room = Self.longest - waiting.count
            let window = min(rest.count, room)
            let end = memchr(base, 0x0a, window).map { UnsafeRawPointer($0) - base + 1 } ?? window
            let piece = UnsafeRawBufferPointer(rebasing: rest[..<end])
            rest = UnsafeRawBufferPointer(rebasing: rest[end...])
            let isComplete = piece.last == 0x0a || end == room
            if waiting.isEmpty && isComplete {
                body(piece)
            } else {
                waiting += piece
                if isComplete { finish(body) }
            }
        }
    }

    /// Calls `body` with a line that has begun; the output has ended.
    mutating func finish(_ body: (UnsafeRawBufferPointer) -> Void) {
        if !waiting.isEmpty { waiting.withUnsafeBytes(body) }
        waiting.removeAll(keepingCapacity: true)
    }
}
