internal import Support

/// Identities of containers.
enum ContainerNames {
    /// 64 random hexadecimal digits.
    static func identifier() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef")
        return String((0..<64).map { _ in digits[Int.random(in: 0..<16, using: &generator)] })
    }

    /// A name of two words that people can say.
    static func invent() -> String {
        var generator = SystemRandomNumberGenerator()
        let first = colours[Int.random(in: 0..<colours.count, using: &generator)]
        let second = things[Int.random(in: 0..<things.count, using: &generator)]
        return "\(first)_\(second)_\(Int.random(in: 100...999, using: &generator))"
    }

    /// A given name, where it is one: letters, digits, `_`, `.` and `-`, the first a letter or digit.
    static func check(_ name: String) throws -> String {
        let rest = name.utf8.dropFirst().allSatisfy { isWord($0) || "_.-".utf8.contains($0) }
        guard (2...128).contains(name.utf8.count), let first = name.utf8.first, isWord(first), rest else {
            throw RuntimeError(
                .invalidArgument,
                "container name \"\(name)\": only [a-zA-Z0-9][a-zA-Z0-9_.-]+ of 2 to 128 characters is allowed")
        }
        return name
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
    }

    private static let colours = [
        "amber", "azure", "black", "blue", "bronze", "brown", "coral", "crimson", "cyan", "golden", "green", "grey",
        "indigo", "ivory", "jade", "lilac", "lime", "ochre", "olive", "orange", "pink", "plum", "purple", "red",
        "rusty", "sandy", "scarlet", "silver", "teal", "violet", "white", "yellow",
    ]
    private static let things = [
        "anchor", "basket", "bell", "bottle", "bowl", "brush", "bucket", "candle", "chair", "clock", "comb", "cup",
        "drum", "fan", "flute", "hammer", "jar", "kettle", "key", "ladder", "lamp", "lantern", "mirror", "needle",
        "oar", "paddle", "pencil", "ribbon", "scarf", "spoon", "thimble", "wheel",
    ]
}
