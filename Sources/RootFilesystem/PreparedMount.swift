internal import Glibc
internal import Linux
internal import Support

/// One mount of the container, with everything that the host's view is needed for already opened.
///
/// A bind source is opened as a detached mount before the container's namespaces exist: a source that is missing is
/// an error before anything was made, and a container in a user namespace needs no access to the path.
public final class PreparedMount {
    /// Where it goes inside the container.
    public let destination: String
    /// The file system type; empty for a bind mount.
    public let type: String
    /// The file system's source word.
    public let source: String
    /// The parsed options.
    public let options: MountOptions
    let tree: MountTree?
    let sourceIsDirectory: Bool

    /// Prepares a `mounts` entry.
    ///
    /// - Parameters:
    ///   - destination: path inside the container; a relative one counts from its root.
    ///   - bundle: folder that a relative bind source counts from.
    ///   - field: names the entry in errors, such as `mounts[2]`.
    public init(
        destination: String, type: String?, source: String?, options words: [String], bundle: String, field: String
    ) throws {
        let options = try MountOptions(words, field: "\(field).options")
        self.destination = destination
        self.options = options
        if let bind = options.bind ?? (type == "bind" ? .single : nil) {
            guard let source, !source.isEmpty else {
                throw RuntimeError(.invalidArgument, "\(field).source: a bind mount needs a source")
            }
            let path = source.hasPrefix("/") ? source : "\(bundle)/\(source)"
            (self.type, self.source) = ("", path)
            let tree = try attempt("\(field): bind \(path) to \(destination)") {
                try MountTree.copy(of: path, recursive: bind == .recursive)
            }
            var status = stat()
            sourceIsDirectory = fstat(tree.descriptor.rawValue, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            self.tree = .some(tree)
        } else {
            guard let type, !type.isEmpty, type != "none" else {
                throw RuntimeError(.invalidArgument, "\(field).type: a mount needs a type or the option bind")
            }
            self.type = type
            self.source = source ?? type
            tree = nil
            sourceIsDirectory = true
        }
    }

    /// True where this mount covers `path` with something other than a bind mount.
    public func isFileSystem(at path: String) -> Bool {
        tree == nil && destination.split(separator: "/") == path.split(separator: "/")
    }

    /// True where this is a bind mount onto `path`.
    public func isBind(at path: String) -> Bool {
        tree != nil && destination.split(separator: "/") == path.split(separator: "/")
    }
}
