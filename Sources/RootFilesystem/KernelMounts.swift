internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// The procfs and sysfs mounts of a container's root, by descriptor.
///
/// What lies below them is masked through these: another container that shares the root could have moved the folder
/// that procfs is mounted on and put a decoy in its place, and the masks would cover the decoy.
final class KernelMounts {
    private var mounts: [(steps: [Substring], descriptor: SharedDescriptor)] = []

    /// Remembers the mount at `destination`.
    func add(_ descriptor: SharedDescriptor, at destination: String) {
        mounts.append((destination.pathSteps, descriptor))
    }

    /// Forgets what a new mount at `destination` hides.
    func cover(_ destination: String) {
        if mounts.isEmpty { return }
        let steps = destination.pathSteps
        mounts.removeAll { $0.steps.starts(with: steps) }
    }

    /// The innermost of the mounts that `path` lies in, and the rest of the path; nil for a path elsewhere.
    func find(_ path: String) -> (descriptor: SharedDescriptor, rest: String)? {
        let steps = path.pathSteps
        guard !steps.contains("..") else { return nil }
        var innermost: (steps: [Substring], descriptor: SharedDescriptor)?
        for mount in mounts where steps.starts(with: mount.steps) && mount.steps.count >= innermost?.steps.count ?? 0 {
            innermost = mount
        }
        return innermost.map { ($0.descriptor, String(pathSteps: steps[$0.steps.count...])) }
    }
}

extension ContainerRoot {
    /// Opens what is to be masked or made read-only; nil where nothing is there.
    borrowing func openIfPresent(_ path: String) throws -> Descriptor? {
        guard let (descriptor, rest) = kernel.find(path) else {
            return try directory.openIfPresent(path, CL_O_PATH)
        }
        let raw = descriptor.rawValue
        let copy = Descriptor(owning: try check("fcntl", "F_DUPFD_CLOEXEC") { fcntl(raw, F_DUPFD_CLOEXEC, 3) })
        return try RootDirectory(copy, shown: path).openIfPresent(rest, CL_O_PATH)
    }
}
