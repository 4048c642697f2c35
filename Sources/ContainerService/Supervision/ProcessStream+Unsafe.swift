internal import Glibc
internal import ShimProtocol

/// A client's connection to a process of a container: its output as it comes, its input as it goes.
///
/// One thread takes the output, another may send input at the same time.
public final class ProcessStream: @unchecked Sendable {
    // SAFETY: receiving uses the decoder of the client, sending its socket only, and each is done by one thread.
    private let client: ShimClient

    /// A piece of output.
    public enum Piece: Sendable {
        /// From stdout, or from the terminal.
        case output([UInt8])
        /// From stderr.
        case errors([UInt8])
    }

    init(_ client: ShimClient) { self.client = client }

    /// Gives the output to `body` until it ends; then the process's exit code, nil where the shim went away before.
    public func relay(_ body: (Piece) throws -> Void) throws -> Int32? {
        while let frame = try client.next() {
            switch frame.kind {
            case .output: try body(.output(frame.payload))
            case .errors: try body(.errors(frame.payload))
            case .event:
                if case .exited(let record) = try ShimEvent(frame.payload) { return record.code }
            default: continue
            }
        }
        return nil
    }

    /// Sends input.
    public func send(_ bytes: [UInt8]) throws {
        for start in stride(from: 0, to: bytes.count, by: 64 << 10) {
            try client.send(Frame(.input, Array(bytes[start..<min(start + 64 << 10, bytes.count)])))
        }
    }

    /// Ends the input.
    public func endInput() throws { try client.send(Frame(.inputEnd)) }

    /// Ends the connection; ``relay(_:)`` then ends too. From any thread.
    public func close() { shutdown(client.descriptor, Int32(SHUT_RDWR)) }
}
