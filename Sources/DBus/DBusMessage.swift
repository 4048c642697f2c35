public import Support

/// One message (D-Bus specification, "Message Format").
public struct DBusMessage: Sendable, Equatable {
    /// What a message is.
    public enum Kind: UInt8, Sendable {
        case call = 1, reply, error, signal
    }

    /// What it is.
    public var kind: Kind
    /// The number that the sender gave it; never 0.
    public var serial: UInt32
    /// The object that is called or that signals.
    public var path: String?
    /// The interface of the method or the signal.
    public var interface: String?
    /// The method or the signal.
    public var member: String?
    /// The name of an error.
    public var errorName: String?
    /// The serial of the call that this answers.
    public var replySerial: UInt32?
    /// Whom it is for; nil on a connection that has no bus.
    public var destination: String?
    /// Who has sent it, by the bus's word.
    public var sender: String?
    /// The arguments.
    public var body: [DBusValue]

    /// The most bytes that a message may have; the specification allows 128 MiB, which nobody needs here.
    public static let maximumLength = 4 << 20

    /// A message.
    public init(_ kind: Kind, serial: UInt32 = 1, body: [DBusValue] = []) {
        (self.kind, self.serial, self.body) = (kind, serial, body)
    }

    /// A call of a method.
    public static func call(
        _ interface: String, _ member: String, on path: String, of destination: String?, _ body: [DBusValue] = []
    ) -> DBusMessage {
        var message = DBusMessage(.call, body: body)
        (message.interface, message.member) = (interface, member)
        (message.path, message.destination) = (path, destination)
        return message
    }

    /// Whether it is this signal.
    public func isSignal(_ interface: String, _ member: String) -> Bool {
        kind == .signal && self.interface == interface && self.member == member
    }

    // MARK: Bytes

    /// The numbers of the header's fields.
    private enum Field: UInt8 {
        case path = 1, interface, member, errorName, replySerial, destination, sender, signature
    }

    /// The message's bytes.
    public func marshalled() -> [UInt8] {
        var arguments = DBusWriter()
        for value in body { arguments.write(value) }
        var fields: [DBusValue] = []
        func add(_ field: Field, _ value: DBusValue?) {
            if let value { fields.append(.structure([.byte(field.rawValue), .variant(value)])) }
        }
        add(.path, path.map { .objectPath($0) })
        add(.interface, interface.map { .string($0) })
        add(.member, member.map { .string($0) })
        add(.errorName, errorName.map { .string($0) })
        add(.replySerial, replySerial.map { .uint32($0) })
        add(.destination, destination.map { .string($0) })
        add(.sender, sender.map { .string($0) })
        if !body.isEmpty { add(.signature, .signature(body.map(\.type.code).joined())) }
        var writer = DBusWriter()
        for byte in [UInt8(ascii: "l"), kind.rawValue, 0, 1] { writer.write(.byte(byte)) }
        writer.write(.uint32(UInt32(arguments.bytes.count)))
        writer.write(.uint32(serial))
        writer.write(.array(.structure([.byte, .variant]), fields))
        writer.align(8)
        return writer.bytes + arguments.bytes
    }

    /// How long the message is that starts with these bytes; nil where they are too few to tell.
    ///
    /// - Throws: ``RuntimeError`` for what can't be the start of a message, or of one over ``maximumLength``.
    static func length(_ start: ArraySlice<UInt8>) throws(RuntimeError) -> Int? {
        guard start.count >= 16 else { return nil }
        let bytes = Array(start.prefix(16))
        var reader = DBusReader(bytes, from: 4, to: 16, isBigEndian: try isBigEndian(bytes))
        guard bytes[3] == 1 else { throw malformed("protocol version \(bytes[3])") }
        let body = Int(try reader.integer(UInt32.self))
        _ = try reader.integer(UInt32.self)
        let fields = Int(try reader.integer(UInt32.self))
        let length = 16 + (fields + 7) / 8 * 8 + body
        guard length <= maximumLength else { throw malformed("\(length) bytes, at most \(maximumLength) are taken") }
        return length
    }

    private static func isBigEndian(_ bytes: [UInt8]) throws(RuntimeError) -> Bool {
        switch bytes[0] {
        case UInt8(ascii: "l"): return false
        case UInt8(ascii: "B"): return true
        default: throw malformed("byte order \(bytes[0])")
        }
    }

    /// Reads one whole message.
    ///
    /// - Throws: ``RuntimeError`` `invalidArgument` for bytes that break the specification.
    public init(unmarshalling bytes: [UInt8]) throws(RuntimeError) {
        guard let length = try Self.length(bytes[...]), length == bytes.count else {
            throw malformed("\(bytes.count) bytes are not one message")
        }
        let isBigEndian = try Self.isBigEndian(bytes)
        guard let kind = Kind(rawValue: bytes[1]) else { throw malformed("type \(bytes[1])") }
        var reader = DBusReader(bytes, from: 4, to: bytes.count, isBigEndian: isBigEndian)
        _ = try reader.integer(UInt32.self)
        self.init(kind, serial: try reader.integer())
        guard serial != 0 else { throw malformed("serial 0") }
        var signature = ""
        if case .array(_, let fields) = try reader.value(.array(.structure([.byte, .variant]))) {
            for field in fields { try take(field, &signature) }
        }
        try reader.align(8)
        for type in try DBusType.list(signature: signature) { body.append(try reader.value(type)) }
        guard reader.isAtEnd else { throw malformed("bytes behind the body") }
        try checkFields()
    }

    private mutating func take(_ field: DBusValue, _ signature: inout String) throws(RuntimeError) {
        guard case .structure(let pair) = field, pair.count == 2, case .byte(let number) = pair[0],
            case .variant(let value) = pair[1]
        else { throw malformed("a header field without number and value") }
        // Fields of later specifications are passed over.
        guard let known = Field(rawValue: number) else {
            if number == 0 { throw malformed("header field 0") }
            return
        }
        switch (known, value) {
        case (.path, .objectPath(let text)): path = text
        case (.interface, .string(let text)): interface = text
        case (.member, .string(let text)): member = text
        case (.errorName, .string(let text)): errorName = text
        case (.replySerial, .uint32(let number)): replySerial = number
        case (.destination, .string(let text)): destination = text
        case (.sender, .string(let text)): sender = text
        case (.signature, .signature(let text)): signature = text
        default: throw malformed("header field \(number) is of type \(value.type.code)")
        }
    }

    private func checkFields() throws(RuntimeError) {
        let isComplete =
            switch kind {
            case .call: path != nil && member != nil
            case .signal: path != nil && member != nil && interface != nil
            case .reply: replySerial != nil
            case .error: replySerial != nil && errorName != nil
            }
        guard isComplete else { throw malformed("a \(kind) without its header fields") }
    }
}
