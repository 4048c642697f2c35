public import Linux

/// The container's root file system, opened as a detached mount before the container's namespaces exist.
public final class PreparedRoot {
    /// The host folder it comes from.
    public let path: String
    let tree: MountTree

    /// Copies the mount of a host folder with everything below it.
    ///
    /// - Parameter propagation: how the copy and the mounts below it follow the host's; never shared with it.
    public init(path: String, propagation: MountPropagation) throws {
        let tree = try MountTree.copy(of: path, recursive: true)
        try tree.setAttributes(propagation: propagation, recursive: true)
        self.path = path
        self.tree = tree
    }
}
