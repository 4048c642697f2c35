internal import Glibc

/// A network such as `10.0.0.0/8` or `fd00::/8`.
struct NetworkPrefix: Equatable {
    private let address: [UInt8]
    private let bits: Int

    /// Nil for what is no address with a length behind a slash.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = Self.bytes(String(parts[0])), let bits = Int(parts[1]), bits >= 0,
            bits <= address.count * 8
        else { return nil }
        self.address = address
        self.bits = bits
    }

    /// Whether `host` is an address in the network; a name never is.
    func contains(_ host: String) -> Bool {
        guard let other = Self.bytes(host), other.count == address.count else { return false }
        for (index, pair) in zip(address, other).enumerated() {
            let left = bits - index * 8
            if left <= 0 { return true }
            let mask = left >= 8 ? UInt8.max : UInt8.max << UInt8(8 - left)
            if pair.0 & mask != pair.1 & mask { return false }
        }
        return true
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let plain = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        if inet_pton(AF_INET6, plain, &bytes) == 1 { return bytes }
        guard inet_pton(AF_INET, plain, &bytes) == 1 else { return nil }
        return Array(bytes.prefix(4))
    }
}
