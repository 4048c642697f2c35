internal import Support

/// The patterns of a .dockerignore: what of a build context is left out.
///
/// The last line that fits a path, or one of the folders above it, decides; `!` in front takes a path in again.
public struct IgnoreFile: Sendable {
    private struct Rule: Sendable {
        let pattern: PathPattern
        let isException: Bool
    }

    private var rules: [Rule] = []
    /// The longest file that is read, in bytes.
    public static let fileBytes = 1 << 20

    /// Nothing is left out.
    public init() {}

    /// Reads the lines of a file.
    ///
    /// - Throws: `invalidArgument` that names the line of a malformed pattern.
    public init(_ text: String, file: String = ".dockerignore") throws {
        let start = text.hasPrefix("\u{feff}") ? text.dropFirst() : text[...]
        for (index, line) in start.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if line.hasPrefix("#") { continue }
            var pattern = line.trimmingBlanks()
            if pattern.isEmpty { continue }
            let isException = pattern.hasPrefix("!")
            if isException { pattern = pattern.dropFirst().trimmingBlanks() }
            guard !pattern.isEmpty else {
                throw RuntimeError(.invalidArgument, "\(file):\(index + 1): a ! without a pattern")
            }
            pattern = Self.clean(pattern)
            if pattern.isEmpty || pattern == "." { continue }
            do {
                rules.append(.init(pattern: try PathPattern(pattern, crossesFolders: true), isException: isException))
            } catch {
                throw RuntimeError(.invalidArgument, "\(file):\(index + 1)", cause: error)
            }
        }
    }

    /// Whether nothing is left out.
    public var isEmpty: Bool { rules.isEmpty }
    /// Whether a path below one that is left out may be taken in again.
    public var hasExceptions: Bool { rules.contains(where: \.isException) }

    /// Whether a path, relative and without `.` and `..`, is left out.
    public func ignores(_ path: String) -> Bool {
        if rules.isEmpty { return false }
        var prefixes: [String] = [path]
        for index in path.indices where path[index] == "/" { prefixes.append(String(path[..<index])) }
        var ignored = false
        for rule in rules where rule.isException == ignored {
            if prefixes.contains(where: rule.pattern.matches) { ignored = !rule.isException }
        }
        return ignored
    }

    /// Without empty components, `.`, what `..` takes away, and slashes at the ends.
    private static func clean(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}
