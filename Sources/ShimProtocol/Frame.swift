public import Support

/// One unit of the shim's stream: a header of five bytes (the kind, then the payload's length as four bytes, highest
/// first) and the payload.
public struct Frame: Sendable, Equatable {
    /// What a payload is.
    public enum Kind: UInt8, Sendable {
        /// A ``ShimRequest`` in JSON, to the shim.
        case request = 1
        /// A ``ShimReply`` in JSON, from the shim; each request gets exactly one.
        case reply = 2
        /// A ``ShimEvent`` in JSON, from the shim, to connections that subscribed or are attached.
        case event = 3
        /// Bytes for the attached process's input, to the shim.
        case input = 4
        /// The attached process's input ends here; no payload.
        case inputEnd = 5
        /// Bytes that the attached process wrote to stdout or to its terminal, from the shim.
        case output = 6
        /// Bytes that the attached process wrote to stderr, from the shim.
        case errors = 7
        /// All output of the attached process has been sent; no payload. The event of its exit follows.
        case outputEnd = 8
    }

    /// The most bytes of a payload; a longer frame is a fault of the protocol and ends the connection.
    public static let maximumPayload = 1 << 20
    /// The bytes before each payload.
    public static let headerSize = 5

    /// What the payload is.
    public var kind: Kind
    /// The content.
    public var payload: [UInt8]

    /// A frame; `payload` has at most ``maximumPayload`` bytes.
    public init(_ kind: Kind, _ payload: [UInt8] = []) {
        self.kind = kind
        self.payload = payload
    }

    /// The frame as it goes over the socket.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerSize + payload.count)
        Self.appendHeader(kind, payload.count, to: &bytes)
        bytes += payload
        return bytes
    }

    /// Appends a header alone, for a payload that is sent from where it lies.
    public static func appendHeader(_ kind: Kind, _ count: Int, to bytes: inout [UInt8]) {
        bytes.append(kind.rawValue)
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }
}

/// Takes a stream apart into frames, whatever pieces it arrives in.
public struct FrameDecoder: Sendable {
    private var waiting: [UInt8] = []
    private var place = 0

    /// A decoder at the start of a stream.
    public init() {}

    /// The bytes that have arrived and belong to no whole frame yet.
    public var pendingCount: Int { waiting.count - place }

    /// Adds what has arrived.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if place == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.capacity <= 65536)
            place = 0
        }
        waiting.append(contentsOf: bytes)
    }

    /// The next whole frame; nil until more arrives.
    ///
    /// - Throws: `invalidArgument` for a kind that is unknown or a payload that is too long: the stream is then of no use.
    public mutating func next() throws(RuntimeError) -> Frame? {
        guard pendingCount >= Frame.headerSize else { return nil }
        let header = waiting[place..<place + Frame.headerSize]
        guard let code = header.first, let kind = Frame.Kind(rawValue: code) else {
            throw RuntimeError(.invalidArgument, "shim protocol: frame of unknown kind \(header.first ?? 0)")
        }
        let count = header.dropFirst().reduce(0) { $0 << 8 | Int($1) }
        guard count <= Frame.maximumPayload else {
            throw RuntimeError(
                .invalidArgument, "shim protocol: frame of \(count) bytes; at most \(Frame.maximumPayload)")
        }
        guard pendingCount >= Frame.headerSize + count else { return nil }
        let start = place + Frame.headerSize
        place = start + count
        return Frame(kind, [UInt8](waiting[start..<place]))
    }
}
