public import Support

/// An error on its way from the container's process to the runtime: the code's index, then the text.
public enum LaunchFailure {
    /// One byte of code and the text.
    public static func encode(_ error: any Error) -> [UInt8] {
        let code = (error as? any CodedError)?.runtimeCode ?? .internal
        let index = RuntimeError.Code.allCases.firstIndex(of: code) ?? 0
        return [UInt8(truncatingIfNeeded: index)] + Array(oneLine("\(error)").utf8)
    }

    /// The error again; anything malformed is an internal error with the text that is there.
    public static func decode(_ bytes: [UInt8]) -> RuntimeError {
        let codes = RuntimeError.Code.allCases
        let code = bytes.first.map { Int($0) }.flatMap { codes.indices.contains($0) ? codes[$0] : nil } ?? .internal
        let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
        return RuntimeError(code, text.isEmpty ? "the container's process died while it was set up" : text)
    }
}
