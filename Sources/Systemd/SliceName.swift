public import Support

/// The name of a systemd slice, such as `user-1000.slice`, which lies in `user.slice` (systemd.slice(5)).
public struct SliceName: Sendable, Equatable {
    /// The unit's name; `-.slice` is the root.
    public let unit: String

    /// Checks a name.
    ///
    /// - Throws: ``RuntimeError`` `invalidArgument` for one that systemd would not take: without the suffix, with a slash, or with an
    ///   empty part as in `a--b.slice`.
    public init(_ name: String) throws(RuntimeError) {
        let unit = name == "-" ? "-.slice" : name
        let parts = unit.dropLast(".slice".utf8.count).split(separator: "-", omittingEmptySubsequences: false)
        let isPath = unit == "-.slice" || !parts.isEmpty && parts.allSatisfy { !$0.isEmpty }
        guard unit.hasSuffix(".slice"), isPath, UnitName.isValid(unit) else {
            throw RuntimeError(.invalidArgument, "\"\(name)\" is no name of a slice such as user-1000.slice")
        }
        self.unit = unit
    }

    /// The cgroup's path below the manager's own: `/user.slice/user-1000.slice`; empty for the root.
    public var path: String {
        if unit == "-.slice" { return "" }
        var path = ""
        var prefix = ""
        for part in unit.dropLast(".slice".utf8.count).split(separator: "-") {
            prefix += prefix.isEmpty ? part : "-\(part)"
            path += "/\(prefix).slice"
        }
        return path
    }
}

/// What names of units have in common (systemd.unit(5)).
enum UnitName {
    static func isValid(_ name: String) -> Bool {
        let fits = name.utf8.allSatisfy { byte in
            (byte | 32) &- 97 < 26 || byte &- 48 < 10 || [0x3a, 0x5f, 0x2e, 0x5c, 0x2d, 0x40].contains(byte)
        }
        return fits && name.utf8.count <= 255
    }
}
