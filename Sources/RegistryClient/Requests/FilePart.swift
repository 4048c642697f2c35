internal import Glibc
internal import Linux
internal import NIOCore

/// A part of a file as pieces in memory, read while they are sent.
struct FilePart: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let file: SharedDescriptor
    let offset: Int64
    let count: Int64
    /// For errors.
    let shown: String
    /// Called with the number of bytes handed over so far, counted from the file's beginning.
    let progress: @Sendable (Int64) -> Void

    /// Large enough that a piece costs more than its way through the tasks, small enough to stay in a cache.
    static let pieceBytes = 256 << 10

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let part: FilePart
        fileprivate var position: Int64

        mutating func next() async throws -> ByteBuffer? {
            let left = part.offset + part.count - position
            if left <= 0 { return nil }
            let wanted = Int(Swift.min(left, Int64(FilePart.pieceBytes)))
            var buffer = ByteBuffer()
            let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
                let raw = part.file.rawValue
                let position = position
                return try checkCount("read", part.shown) { pread(raw, space.baseAddress, wanted, off_t(position)) }
            }
            guard count > 0 else {
                throw SystemCallError("read", errno: EIO, subject: "\(part.shown) (shorter than it was)")
            }
            position += Int64(count)
            part.progress(position)
            return buffer
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(part: self, position: offset) }
}
