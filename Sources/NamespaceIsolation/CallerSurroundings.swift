internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// The working directory and the file mode mask of the runtime's own process, which a launch changes for the child's sake.
///
/// Put back after the clone: relative paths of the caller's must not be looked up in the container's root, and hooks are
/// started as the caller would start them.
struct CallerSurroundings: ~Copyable {
    private let folder: Descriptor
    private let mask: mode_t

    /// Remembers what is in force now.
    init() throws {
        folder = try attempt("working directory") { () throws in try Descriptor.open(".", O_DIRECTORY | CL_O_PATH) }
        mask = umask(0)
        umask(mask)
    }

    /// Puts back what was remembered.
    func restore() throws {
        let raw = folder.rawValue
        try check("fchdir", "working directory") { fchdir(raw) }
        umask(mask)
    }
}
