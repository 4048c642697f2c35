public import Linux
internal import Support

/// The container's root file system, opened as a detached mount before the container's namespaces exist.
public final class PreparedRoot {
    /// The host folder it comes from.
    public let path: String
    private let propagation: MountPropagation
    private(set) var tree: MountTree?

    /// Names the host folder.
    ///
    /// - Parameter propagation: how the copy and the mounts below it follow the host's; never shared with it.
    public init(path: String, propagation: MountPropagation) {
        self.path = path
        self.propagation = propagation
    }

    /// Copies the mount of the host folder with everything below it.
    ///
    /// - Parameter fromWorkingDirectory: the caller stands in the folder, whose path it may have no right to walk.
    public func open(fromWorkingDirectory: Bool = false) throws {
        let tree = try attempt("root.path \(path)") {
            try MountTree.copy(of: fromWorkingDirectory ? "." : path, recursive: true)
        }
        try tree.setAttributes(propagation: propagation, recursive: true)
        self.tree = .some(tree)
    }

    /// The copy; an error where it has not been opened.
    func opened<T: ~Copyable>(_ use: (borrowing MountTree) throws -> T) throws -> T {
        switch tree {
        case .some(let tree): return try use(tree)
        case nil: throw RuntimeError(.internal, "root.path \(path) has not been opened")
        }
    }
}
