internal import Support

/// The host path of a container's root, to find what lies below it by the paths' texts alone: no link is followed.
public struct RootPath: Sendable {
    private let steps: [Substring]

    /// Takes an absolute path.
    public init(_ path: String) {
        steps = Self.steps(of: path)
    }

    /// The path from the root on, starting with `/`; nil where `path` lies elsewhere, or where the root is the host's.
    public func inside(_ path: String) -> String? {
        guard path.utf8.first == UInt8(ascii: "/"), !steps.isEmpty else { return nil }
        let others = Self.steps(of: path)
        return others.starts(with: steps) ? "/" + String(pathSteps: others.dropFirst(steps.count)) : nil
    }

    /// The names that a path leads through, without `.` and `..`.
    static func steps(of path: String) -> [Substring] {
        var steps: [Substring] = []
        for step in path.pathSteps {
            if step == ".." { _ = steps.popLast() } else { steps.append(step) }
        }
        return steps
    }
}
