internal import CLinux
internal import Glibc
public import Linux
internal import Support

/// One mount of the container, with everything that the host's view is needed for opened by ``openSource(idMap:)``.
///
/// A bind source is opened as a detached mount before the container's namespaces exist: a source that is missing is
/// an error before anything was made, and a container in a user namespace needs no access to the path. Only an ordinary
/// user's runtime, which may not do that, opens it later, in the container's own mount namespace. A source inside the
/// container's root that earlier mounts make or change is opened when they have been made: see ``findSource(in:after:)``.
public final class PreparedMount {
    /// Where it goes inside the container.
    public let destination: String
    /// The file system type; empty for a bind mount.
    public let type: String
    /// The file system's source word, or the host path of a bind mount.
    public let source: String
    /// The parsed options.
    public let options: MountOptions
    /// Names the entry in errors, such as `mounts[2]`.
    public let field: String
    /// The depth of a bind mount; nil for a file system.
    public let bind: MountOptions.Depth?
    /// Where the source lies inside the container's root, if it is opened there.
    private(set) var sourceInRoot: String?
    private var idMap: (namespace: SharedDescriptor, depth: MountOptions.Depth)?
    private(set) var tree: MountTree?
    /// What the opened source is: its type bits, and the number of a device.
    private(set) var sourceStatus: (type: UInt32, device: UInt) = (S_IFDIR, 0)

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
        self.field = field
        bind = options.isRemount ? nil : options.bind ?? (type == "bind" ? .single : nil)
        if bind != nil {
            guard let source, !source.isEmpty else {
                throw RuntimeError(.invalidArgument, "\(field).source: a bind mount needs a source")
            }
            (self.type, self.source) = ("", source.hasPrefix("/") ? source : "\(bundle)/\(source)")
        } else {
            guard let type = options.isRemount ? "" : type, options.isRemount || !type.isEmpty, type != "none" else {
                throw RuntimeError(.invalidArgument, "\(field).type: a mount needs a type or the option bind")
            }
            (self.type, self.source) = (type, source ?? type)
            if options.idMap != nil {
                throw RuntimeError(.unsupported, "\(field).options: only a bind mount can be id-mapped")
            }
        }
    }

    /// Leaves the source for later where it lies in the container's root and mounts before this one make or change it.
    ///
    /// - Parameters:
    ///   - root: the container's root on the host.
    ///   - earlier: the mounts before this one.
    public func findSource(in root: RootPath, after earlier: ArraySlice<PreparedMount>) {
        guard let bind, let place = root.inside(source) else { return }
        let steps = RootPath.steps(of: place)
        let isMade = earlier.contains { mount in
            let other = RootPath.steps(of: mount.destination)
            return steps.starts(with: other) || bind == .recursive && other.starts(with: steps)
        }
        if isMade { sourceInRoot = place }
    }

    /// Opens a bind mount's source; nothing to do for a file system, nor for a source that is opened in the root.
    ///
    /// - Parameter idMap: the user namespace whose mappings the owners are mapped by, and whether the mounts below are
    ///   mapped too.
    public func openSource(idMap: (namespace: SharedDescriptor, depth: MountOptions.Depth)? = nil) throws {
        guard let bind else { return }
        self.idMap = idMap
        if sourceInRoot != nil { return }
        try attempt("\(field): bind \(source) to \(destination)") {
            try take(MountTree.copy(of: source, recursive: bind == .recursive))
        }
    }

    /// Opens the source that was left for later.
    func openSource(in root: borrowing RootDirectory) throws {
        guard let sourceInRoot else { return }
        let place = try root.open(sourceInRoot, CL_O_PATH)
        try take(MountTree.copy(of: place, shown: source, recursive: bind == .recursive))
    }

    /// Takes the mount that the source is.
    func take(_ tree: consuming MountTree) throws {
        if let idMap { try tree.mapOwners(by: idMap.namespace, recursive: idMap.depth == .recursive) }
        var status = stat()
        let raw = tree.descriptor.rawValue
        try check("fstat", source) { fstat(raw, &status) }
        sourceStatus = (status.st_mode & S_IFMT, status.st_rdev)
        self.tree = .some(tree)
    }

    /// Throws where a bind mount's source is not there, without opening it.
    public func checkSource() throws {
        guard bind != nil, sourceInRoot == nil, access(source, F_OK) != 0 else { return }
        throw RuntimeError(
            .notFound, "\(field): bind \(source) to \(destination)", cause: SystemCallError("access", errno: errno))
    }

    /// True where nothing is there to be bound.
    public var lacksSource: Bool { bind != nil && access(source, F_OK) != 0 && errno == ENOENT }

    /// True where this is a bind mount onto `path`.
    public func isBind(at path: String) -> Bool {
        bind != nil && destination.split(separator: "/") == path.split(separator: "/")
    }
}
