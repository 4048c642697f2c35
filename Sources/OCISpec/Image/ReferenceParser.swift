/// The grammar behind ``ImageReference``.
enum ReferenceParser {
    struct Malformed: Error {
        let reason: String
    }

    /// Longest name with its registry, as the distribution project bounds it.
    static let longestName = 255

    static func parse(_ text: String) throws -> ImageReference {
        if text.isEmpty { throw Malformed(reason: "it is empty") }
        if text.utf8.count > 2048 { throw Malformed(reason: "it is longer than 2048 bytes") }
        var rest = text[...]
        let digest = try takeDigest(&rest)
        let tag = try takeTag(&rest)
        let (registry, repository) = try splitName(String(rest))
        if digest == nil, tag == nil, repository == "library/\(rest)", rest.utf8.count == 64,
            rest.utf8.allSatisfy(isHexadecimal)
        {
            throw Malformed(reason: "64 hexadecimal digits are an image ID, not a name")
        }
        return ImageReference(
            registry: registry, repository: repository, tag: tag ?? (digest == nil ? "latest" : nil), digest: digest)
    }

    private static func takeDigest(_ rest: inout Substring) throws -> Digest? {
        guard let at = rest.utf8.firstIndex(of: UInt8(ascii: "@")) else { return nil }
        let text = String(rest[rest.index(after: at)...])
        rest = rest[..<at]
        do { return try Digest(text) } catch { throw Malformed(reason: "\(error)") }
    }

    private static func takeTag(_ rest: inout Substring) throws -> String? {
        let afterSlash = rest.utf8.lastIndex(of: UInt8(ascii: "/")).map { rest.index(after: $0) } ?? rest.startIndex
        guard let colon = rest[afterSlash...].utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let tag = rest[rest.index(after: colon)...]
        rest = rest[..<colon]
        let bytes = Array(tag.utf8)
        guard let first = bytes.first else { throw Malformed(reason: "nothing stands after the colon") }
        guard bytes.count <= 128 else { throw Malformed(reason: "the tag is longer than 128 characters") }
        guard isWord(first), bytes.allSatisfy({ isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
        else {
            throw Malformed(
                reason: "the tag \"\(shortened(String(tag)))\" may hold only letters, digits, '_', '.' and '-'")
        }
        return String(tag)
    }

    private static func splitName(_ name: String) throws -> (String, String) {
        if name.isEmpty { throw Malformed(reason: "the name is missing") }
        var registry = "docker.io"
        var repository = name
        if let slash = name.utf8.firstIndex(of: UInt8(ascii: "/")) {
            let first = String(name[..<slash])
            if isRegistry(first) {
                registry = first == "index.docker.io" ? "docker.io" : first
                repository = String(name[name.index(after: slash)...])
                try checkRegistry(registry)
            }
        }
        if registry == "docker.io", !repository.utf8.contains(UInt8(ascii: "/")) {
            repository = "library/\(repository)"
        }
        try checkRepository(repository, of: registry)
        return (registry, repository)
    }

    /// Whether the word before the first slash names a registry, by Docker's rule.
    private static func isRegistry(_ word: String) -> Bool {
        word == "localhost"
            || word.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || isUpper($0) }
    }

    private static func checkRepository(_ repository: String, of registry: String) throws {
        if registry.utf8.count + 1 + repository.utf8.count > longestName {
            throw Malformed(reason: "the name is longer than \(longestName) characters")
        }
        if repository.utf8.contains(where: isUpper) {
            throw Malformed(reason: "the repository name \"\(shortened(repository))\" must be lower case")
        }
        for part in repository.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if part.isEmpty { throw Malformed(reason: "the name has an empty part") }
            guard isPathComponent(part) else {
                throw Malformed(
                    reason:
                        "\"\(shortened(String(Substring(part))))\" is no name: use a-z, 0-9 and between them '.', '_', '__' or '-'"
                )
            }
        }
    }

    /// alpha-numeric runs joined by one `.`, one or two `_`, or any number of `-`.
    private static func isPathComponent(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isLower(first), isLower(last) else { return false }
        // What stands between two runs: one kind of character only, and how many.
        var (separator, count): (UInt8, Int) = (0, 0)
        for byte in bytes {
            if isLower(byte) {
                count = 0
                continue
            }
            if count > 0 && byte != separator { return false }
            (separator, count) = (byte, count + 1)
            switch byte {
            case UInt8(ascii: "-"): break
            case UInt8(ascii: "."): if count > 1 { return false }
            case UInt8(ascii: "_"): if count > 2 { return false }
            default: return false
            }
        }
        return true
    }

    private static func checkRegistry(_ registry: String) throws {
        let shown = shortened(registry)
        var host = registry[...]
        if registry.hasPrefix("[") {
            guard let close = registry.firstIndex(of: "]") else { throw Malformed(reason: "\"\(shown)\" lacks its ]") }
            let address = registry[registry.index(after: registry.startIndex)..<close]
            guard !address.isEmpty, address.utf8.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") }) else {
                throw Malformed(reason: "\"\(shown)\" holds no IPv6 address")
            }
            let rest = registry[registry.index(after: close)...]
            if rest.isEmpty { return }
            guard rest.hasPrefix(":") else { throw Malformed(reason: "\"\(shown)\" is no registry") }
            return try checkPort(rest.dropFirst(), shown)
        }
        if let colon = registry.firstIndex(of: ":") {
            try checkPort(registry[registry.index(after: colon)...], shown)
            host = registry[..<colon]
        }
        for label in host.split(separator: ".", omittingEmptySubsequences: false) {
            let bytes = Array(label.utf8)
            guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last),
                bytes.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") })
            else { throw Malformed(reason: "\"\(shown)\" is no registry host") }
        }
    }

    private static func checkPort(_ text: Substring, _ shown: String) throws {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(text), (1...65535).contains(port)
        else { throw Malformed(reason: "\"\(shown)\" has no valid port (1 to 65535)") }
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
    }
    private static func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
