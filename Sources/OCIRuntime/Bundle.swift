internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// A bundle: a folder with a config.json (runtime-spec bundle.md).
struct Bundle {
    /// Absolute path.
    let path: String
    let configuration: RuntimeConfiguration
    /// The text of config.json.
    let text: [UInt8]

    /// Reads the bundle in `folder`, the working directory where it is nil.
    init(_ folder: String?) throws {
        guard let resolved = realpath(folder ?? ".", nil) else {
            throw RuntimeError(
                .notFound, "bundle \(folder ?? ".")", cause: SystemCallError("realpath", errno: errno))
        }
        path = String(cString: resolved)
        free(resolved)
        let file = "\(path)/config.json"
        guard access(file, F_OK) == 0 else {
            throw RuntimeError(.notFound, "bundle \(path) has no config.json (make one with: spec -b \(path))")
        }
        let text = try attempt(file) { try readRegularFile(file, limit: 16 << 20) }
        configuration = try attempt(file) { try RuntimeConfiguration(json: text) }
        self.text = text
    }

    /// The root file system's absolute path.
    var rootfs: String {
        let root = configuration.root?.path ?? "rootfs"
        return root.hasPrefix("/") ? root : "\(path)/\(root)"
    }
}
