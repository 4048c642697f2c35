internal import Glibc
internal import Linux
internal import Support

/// Named volumes: folders that outlive containers, in `ROOT/volumes/NAME`.
public struct Volumes: Sendable {
    let folder: String

    /// The folder of a volume.
    public func path(_ name: String) -> String { "\(folder)/\(name)/_data" }

    /// Every volume, sorted.
    public func names() throws -> [String] {
        if access(folder, F_OK) != 0, errno == ENOENT { return [] }
        return try directoryEntries(folder).filter { access(path($0), F_OK) == 0 }.sorted()
    }

    /// Removes a volume and what is in it.
    public func remove(_ name: String) throws {
        try attempt("remove volume \(name)") { try removeTree("\(folder)/\(ContainerNames.check(name))") }
    }

    /// Makes the volume where it is missing.
    public func ensure(_ name: String) throws {
        _ = try ContainerNames.check(name)
        try attempt("make volume \(name)") {
            try makeDirectories(folder, mode: 0o711)
            try makeDirectories(path(name))
        }
    }
}
