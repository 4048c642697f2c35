internal import CLinux
internal import Glibc

/// A mount namespace that the calling process, which must have one thread, is in for a while: what is mounted there goes
/// with its last process, and never comes to the host. Needs CAP_SYS_ADMIN.
public struct PrivateMounts: ~Copyable {
    private let outer: Descriptor
    private let inner: Descriptor
    private let workingDirectory: Descriptor

    /// Enters a copy of the caller's mount namespace that the host's later mounts come to, but not the other way round.
    public init() throws(SystemCallError) {
        let outer = try Descriptor.open("/proc/self/ns/mnt", O_RDONLY)
        let workingDirectory = try Descriptor.open(".", CL_O_PATH | O_DIRECTORY)
        try check("unshare", "mount namespace") { cl_unshare(Int32(truncatingIfNeeded: CL_CLONE_NEWNS)) }
        let inner = try Descriptor.open("/proc/self/ns/mnt", O_RDONLY)
        try setRootPropagation(.slave, recursive: true)
        self.outer = outer
        self.inner = inner
        self.workingDirectory = workingDirectory
    }

    /// Calls `body` in the namespace that this was made from.
    public borrowing func outside(_ body: () throws -> Void) throws {
        try enter(outer)
        let result = Result { try body() }
        try enter(inner)
        try result.get()
    }

    /// Goes back for good.
    public consuming func leave() throws(SystemCallError) {
        try enter(outer)
    }

    private borrowing func enter(_ namespace: borrowing Descriptor) throws(SystemCallError) {
        let (number, folder) = (namespace.rawValue, workingDirectory.rawValue)
        try check("setns", "mount namespace") { cl_setns(number, Int32(truncatingIfNeeded: CL_CLONE_NEWNS)) }
        try check("fchdir") { fchdir(folder) }
    }
}
