internal import ShimProtocol

/// Frames for one client that its socket has not taken yet.
struct OutgoingBuffer {
    /// From this many bytes on it is full: a process's output then waits, or the client is dropped.
    static let bound = 1 << 20
    private var bytes: [UInt8] = []
    private var sent = 0

    /// The bytes that wait.
    var count: Int { bytes.count - sent }
    /// Whether the bound is reached.
    var isFull: Bool { count >= Self.bound }

    /// Adds a frame.
    mutating func append(_ kind: Frame.Kind, _ payload: UnsafeRawBufferPointer) {
        if sent > Self.bound {
            bytes.removeFirst(sent)
            sent = 0
        }
        Frame.appendHeader(kind, payload.count, to: &bytes)
        bytes += payload
    }

    /// Hands what waits to `write`, which returns how much it took, until it takes nothing.
    mutating func flush(_ write: (UnsafeRawBufferPointer) -> Int) {
        while sent < bytes.count {
            let taken = bytes.withUnsafeBytes { write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            if taken <= 0 { return }
            sent += taken
        }
        // What a slow client made large is given back; the usual size is kept.
        if bytes.capacity > 1 << 17 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
        sent = 0
    }
}
