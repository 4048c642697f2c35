public import Support

/// What a peer answered in place of a reply.
public struct DBusError: CodedError, Sendable, Equatable, CustomStringConvertible {
    /// The error's name, such as `org.freedesktop.systemd1.NoSuchUnit`.
    public let name: String
    /// The peer's own words; may be empty.
    public let message: String

    /// An error.
    public init(name: String, message: String) {
        (self.name, self.message) = (name, message)
    }

    /// `words (name)`.
    public var description: String { message.isEmpty ? name : "\(message) (\(name))" }

    /// The part of the name behind the last dot.
    public var shortName: Substring { name.split(separator: ".").last ?? "" }

    /// The code that fits the name.
    public var runtimeCode: RuntimeError.Code { Self.codes[shortName] ?? .internal }

    /// The names of D-Bus itself and those of systemd that say more than "it failed".
    private static let codes: [Substring: RuntimeError.Code] = [
        "AccessDenied": .permissionDenied, "AuthFailed": .permissionDenied,
        "InteractiveAuthorizationRequired": .permissionDenied, "InvalidArgs": .invalidArgument,
        "InvalidSignature": .invalidArgument, "LimitsExceeded": .resourceExhausted, "NoMemory": .resourceExhausted,
        "NameHasNoOwner": .unavailable, "NoServer": .unavailable, "ServiceUnknown": .unavailable,
        "Disconnected": .unavailable, "NoReply": .timeout, "TimedOut": .timeout, "Timeout": .timeout,
        "NotSupported": .unsupported, "PropertyReadOnly": .unsupported, "UnknownInterface": .unsupported,
        "UnknownMethod": .unsupported, "UnknownProperty": .unsupported, "UnknownObject": .notFound,
        "NoSuchUnit": .notFound, "UnitExists": .alreadyExists, "UnitMasked": .invalidState,
        "BadUnitSetting": .invalidArgument,
    ]
}
