public import Support

/// A JSON text that is malformed or does not hold what the reader asked for.
///
/// Reads `linux.resources.memory.limit: expected an integer, found a string (byte 310)`.
public struct JSONError: CodedError, Sendable, CustomStringConvertible {
    /// The field's path from the top, such as `mounts[2].options`; empty at the top itself.
    public let field: String
    /// What is wrong with it.
    public let message: String
    /// The byte offset where reading stopped.
    public let offset: Int

    /// `field: message (byte offset)`.
    public var description: String {
        field.isEmpty ? "\(message) (byte \(offset))" : "\(field): \(message) (byte \(offset))"
    }

    /// Always ``RuntimeError/Code/invalidArgument``.
    public var runtimeCode: RuntimeError.Code { .invalidArgument }
}
