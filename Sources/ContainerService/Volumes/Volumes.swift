internal import Linux
internal import Support

/// Named volumes: folders that outlive containers, in `ROOT/volumes/NAME`.
struct Volumes: Sendable {
    let folder: String

    /// The folder of a volume.
    func path(_ name: String) -> String { "\(folder)/\(name)/_data" }

    /// Makes the volume where it is missing.
    func ensure(_ name: String) throws {
        _ = try ContainerNames.check(name)
        try attempt("make volume \(name)") {
            try makeDirectories(folder, mode: 0o711)
            try makeDirectories(path(name))
        }
    }
}
