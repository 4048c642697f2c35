import Archive

/// An archive in memory, given out in pieces.
final class MemoryInput: @unchecked Sendable {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    // SAFETY: read by the one thread that reads the archive.
    var input: ArchiveInput {
        ArchiveInput(
            read: { target in
                let count = min(target.count, self.bytes.count - self.place, 1021)
                self.bytes.withUnsafeBytes {
                    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[self.place..<self.place + count]))
                }
                self.place += count
                return count
            }, cancel: {})
    }
}
