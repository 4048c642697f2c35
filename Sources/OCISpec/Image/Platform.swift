internal import JSON
internal import Support

/// What an image runs on, in Go's words: `linux/amd64`, `linux/arm/v7` (OCI image specification, image-index.md).
///
/// Always in normal form: `x86_64` is `amd64`, `aarch64` and `arm64/v8` are `arm64`, `arm` alone is `arm/v7`.
public struct Platform: Hashable, Sendable, CustomStringConvertible {
    /// The operating system, such as `linux`.
    public let os: String
    /// The processor architecture, such as `amd64`.
    public let architecture: String
    /// The architecture's level, such as `v7`; empty where the architecture has but one or means its base.
    public let variant: String

    /// Makes a platform, bringing the words to normal form.
    public init(os: String, architecture: String, variant: String = "") {
        self.os = os.isEmpty ? "linux" : os.lowercased()
        (self.architecture, self.variant) = Self.normal(architecture.lowercased(), variant.lowercased())
    }

    /// Parses `os/architecture[/variant]` or `architecture` alone, which means Linux.
    public init(_ text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy(Self.isWord) else {
            throw RuntimeError(.invalidArgument, "platform \"\(shortened(text))\": expected os/architecture[/variant]")
        }
        if parts.count == 1 {
            self.init(os: "linux", architecture: parts[0])
        } else {
            self.init(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : "")
        }
    }

    /// The machine this program was built for.
    public static var host: Platform {
        #if arch(x86_64)
            Platform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
            Platform(os: "linux", architecture: "arm64")
        #elseif arch(arm)
            Platform(os: "linux", architecture: "arm")
        #else
            Platform(os: "linux", architecture: "unknown")
        #endif
    }

    /// `os/architecture[/variant]`.
    public var description: String { variant.isEmpty ? "\(os)/\(architecture)" : "\(os)/\(architecture)/\(variant)" }

    /// How well an image for `offered` runs on this platform: 0 is exact, more is worse, nil not at all.
    ///
    /// A lower level of the same architecture runs on a higher one: `arm/v7` takes v7, v6, v5 in this order.
    public func rank(_ offered: Platform) -> Int? {
        guard os == offered.os, architecture == offered.architecture else { return nil }
        if variant == offered.variant { return 0 }
        guard let mine = level(variant), let theirs = level(offered.variant), theirs <= mine else { return nil }
        return mine - theirs
    }

    /// The best of an index's entries for this platform, the first one of equals.
    ///
    /// An entry that names no platform is taken only where it stands alone.
    public func choose(from entries: [ContentDescriptor]) -> ContentDescriptor? {
        var best: (rank: Int, entry: ContentDescriptor)?
        for entry in entries {
            guard let platform = entry.platform, let rank = rank(platform) else { continue }
            if best.map({ rank < $0.rank }) ?? true { best = (rank, entry) }
        }
        if let best { return best.entry }
        return entries.count == 1 && entries[0].platform == nil ? entries[0] : nil
    }

    /// Reads a platform object; a missing `os` or `architecture` reads as empty, which matches nothing.
    init(from reader: inout JSONReader) throws {
        var os = "unknown"
        var architecture = "unknown"
        var variant = ""
        try reader.object { key, value in
            switch key {
            case "os": os = try value.optional { reader in try reader.string() } ?? os
            case "architecture": architecture = try value.optional { reader in try reader.string() } ?? architecture
            case "variant": variant = try value.optional { reader in try reader.string() } ?? ""
            default: try value.skip()
            }
        }
        self.init(os: os, architecture: architecture, variant: variant)
    }

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("architecture", architecture)
            object.member("os", os)
            if !variant.isEmpty { object.member("variant", variant) }
        }
    }

    /// The number in a variant: `v7` is 7; amd64's base level counts as 1, arm64's as 8.
    private func level(_ variant: String) -> Int? {
        if variant.isEmpty { return architecture == "arm64" ? 8 : architecture == "amd64" ? 1 : nil }
        guard variant.hasPrefix("v") else { return nil }
        return Int(variant.dropFirst())
    }

    private static func normal(_ architecture: String, _ variant: String) -> (String, String) {
        switch (architecture, variant) {
        case ("x86_64", _), ("x86-64", _), ("amd64", _): ("amd64", variant == "v1" ? "" : variant)
        case ("i386", _): ("386", variant)
        case ("aarch64", _), ("arm64", _): ("arm64", variant == "v8" || variant == "8" ? "" : variant)
        case ("armhf", _), ("arm", ""), ("arm", "7"): ("arm", "v7")
        case ("armel", _), ("arm", "6"): ("arm", "v6")
        case ("arm", "5"): ("arm", "v5")
        case ("arm", "8"): ("arm", "v8")
        default: (architecture, variant)
        }
    }

    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { byte in
                let lower = byte | 0x20
                return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
    }
}
