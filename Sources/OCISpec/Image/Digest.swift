internal import JSON
internal import Support

/// The name of content by its hash, such as `sha256:9f86d0…` (OCI image specification, descriptor.md "Digests").
///
/// Always valid: a registered algorithm and as many lower-case hexadecimal digits as it has. It is therefore
/// safe as a file name.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// A registered hash algorithm.
    public enum Algorithm: String, Sendable, CaseIterable {
        case sha256, sha512

        /// How many hexadecimal digits its hashes have.
        public var digits: Int { self == .sha256 ? 64 : 128 }
    }

    /// The algorithm in front of the colon.
    public let algorithm: Algorithm
    /// The hash as lower-case hexadecimal digits.
    public let hex: String

    /// Parses `algorithm:hex`; anything else is `invalidArgument`.
    public init(_ text: String) throws {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw RuntimeError(.invalidArgument, "digest \"\(shortened(text))\": expected algorithm:hex")
        }
        let name = String(text[..<colon])
        guard let algorithm = Algorithm(rawValue: name) else {
            throw RuntimeError(
                .unsupported, "digest \"\(shortened(text))\": unknown algorithm (sha256 and sha512 are known)")
        }
        try self.init(algorithm, hex: String(text[text.utf8.index(after: colon)...]))
    }

    /// Takes the two parts; a wrong number of digits or an upper-case one is `invalidArgument`.
    public init(_ algorithm: Algorithm, hex: String) throws {
        guard hex.utf8.count == algorithm.digits, hex.utf8.allSatisfy(isLowerHexadecimal) else {
            throw RuntimeError(
                .invalidArgument,
                "digest \"\(shortened("\(algorithm.rawValue):\(hex)"))\": expected \(algorithm.digits) of 0-9a-f"
            )
        }
        self.algorithm = algorithm
        self.hex = hex
    }

    /// Takes a hash as bytes; a wrong length is `invalidArgument`.
    public init(_ algorithm: Algorithm, hash: some Sequence<UInt8>) throws {
        try self.init(algorithm, hex: hexadecimal(hash))
    }

    /// `algorithm:hex`.
    public var description: String { "\(algorithm.rawValue):\(hex)" }

    /// The first twelve digits, as people read and type them.
    public var short: String { String(hex.prefix(12)) }

    /// Orders by text.
    public static func < (left: Digest, right: Digest) -> Bool {
        left.algorithm == right.algorithm ? left.hex < right.hex : left.algorithm.rawValue < right.algorithm.rawValue
    }
}

extension JSONReader {
    /// Reads a string that must be a ``Digest``.
    mutating func digest() throws -> Digest {
        let text = try string()
        do { return try Digest(text) } catch { throw failure("\(error)") }
    }
}

private func isLowerHexadecimal(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}

private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
    }
    return String(decoding: text, as: UTF8.self)
}

/// Untrusted text cut to a length and to printable ASCII, for an error message.
func shortened(_ text: String, _ limit: Int = 160) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        shown.unicodeScalars.append((0x20..<0x7f).contains(scalar.value) ? scalar : "?")
    }
    return text.unicodeScalars.count > limit ? "\(shown)…" : shown
}
