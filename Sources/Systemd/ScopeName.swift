public import Support

/// The scope that a container's processes are in, and the slice that the scope is in.
public struct ScopeName: Sendable, Equatable {
    /// The slice.
    public let slice: SliceName
    /// The scope's name, such as `libpod-0123.scope`.
    public let unit: String

    /// Reads `linux.cgroupsPath` as runc's systemd driver does: `SLICE:PREFIX:NAME` is `PREFIX-NAME.scope` in `SLICE`.
    ///
    /// - Parameters:
    ///   - path: nil or empty is `:hako:ID`.
    ///   - isUsers: an empty slice is the user manager's `user.slice`, else `system.slice`.
    /// - Throws: ``RuntimeError`` `invalidArgument` for another form or for names that systemd would not take, `unsupported` for a
    ///   NAME that is a slice's: slices have no processes.
    public init(cgroupsPath path: String?, id: String, isUsers: Bool) throws(RuntimeError) {
        let wanted = path.flatMap { $0.isEmpty ? nil : $0 } ?? ":hako:\(id)"
        let parts = wanted.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, !parts[2].isEmpty else {
            throw RuntimeError(
                .invalidArgument,
                "linux.cgroupsPath: \"\(wanted)\" is not of the form SLICE:PREFIX:NAME, which --systemd-cgroup needs")
        }
        if parts[2].hasSuffix(".slice") {
            throw RuntimeError(.unsupported, "linux.cgroupsPath: \(parts[2]) is a slice, which can't have processes")
        }
        do {
            slice = try SliceName(parts[0].isEmpty ? (isUsers ? "user.slice" : "system.slice") : parts[0])
        } catch {
            throw RuntimeError(.invalidArgument, "linux.cgroupsPath", cause: error)
        }
        unit = "\(parts[1])-\(parts[2]).scope"
        guard UnitName.isValid(unit) else {
            throw RuntimeError(
                .invalidArgument,
                "linux.cgroupsPath: \"\(unit)\" is no name of a unit: use at most 255 letters, digits and : - _ . @")
        }
    }

    /// The scope's cgroup below the manager's own.
    public var path: String { "\(slice.path)/\(unit)" }
}
