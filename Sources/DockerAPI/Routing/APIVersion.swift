/// A version of the Engine API.
struct APIVersion: Comparable, CustomStringConvertible, Sendable {
    let major: Int
    let minor: Int

    /// What this server speaks at most, and where nothing is asked for.
    static let newest = APIVersion(major: 1, minor: 51)
    /// What it speaks at least.
    static let oldest = APIVersion(major: 1, minor: 24)

    var description: String { "\(major).\(minor)" }

    static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// A path's first step such as `v1.43`; nil where it is none.
    init?(step: String) {
        guard step.utf8.first == UInt8(ascii: "v") else { return nil }
        let parts = step.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = Int(parts[0]), let minor = Int(parts[1]), major >= 0, minor >= 0 else {
            return nil
        }
        self.init(major: major, minor: minor)
    }

    /// Throws, in the words that clients look for, unless this server speaks the version.
    func check() throws {
        if self < Self.oldest {
            throw APIError(
                400,
                "client version \(self) is too old. Minimum supported API version is \(Self.oldest), please upgrade your client to a newer version"
            )
        }
        if self > Self.newest {
            throw APIError(
                400, "client version \(self) is too new. Maximum supported API version is \(Self.newest)")
        }
    }
}
