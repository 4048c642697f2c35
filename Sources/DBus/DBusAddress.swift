public import Support

/// A server address (D-Bus specification, "Server Addresses").
public struct DBusAddress: Sendable, Equatable {
    /// The Unix socket's path.
    public let path: String

    /// Takes the first address of a list that names a socket in the file system: `unix:path=/run/user/1000/bus,guid=…;…`.
    ///
    /// - Throws: ``RuntimeError``: `invalidArgument` for a text that is no list of addresses, `unsupported` where none names such
    ///   a socket (abstract ones, TCP).
    public init(_ text: String) throws(RuntimeError) {
        for address in text.split(separator: ";") {
            let parts = address.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw RuntimeError(.invalidArgument, "\"\(text)\" is no D-Bus address") }
            guard parts[0] == "unix" else { continue }
            for pair in parts[1].split(separator: ",") where pair.hasPrefix("path=") {
                path = try Self.unescaped(pair.dropFirst(5), text)
                return
            }
        }
        throw RuntimeError(.unsupported, "\"\(text)\": no address of the form unix:path=/PATH")
    }

    /// Undoes `%2d` and the like.
    private static func unescaped(_ value: Substring, _ text: String) throws(RuntimeError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(value.utf8)[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, digits.first != "+", let byte = UInt8(digits, radix: 16) else {
                throw RuntimeError(.invalidArgument, "\"\(text)\": a % without two digits")
            }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        guard bytes.first == UInt8(ascii: "/"), !bytes.contains(0), let path = String(validating: bytes, as: UTF8.self)
        else { throw RuntimeError(.invalidArgument, "\"\(text)\": the socket's path is not absolute") }
        return path
    }
}
