internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// This program's own file, made unwritable for whoever gets hold of it from inside a container.
///
/// A process of a container can open /proc/PID/exe of the runtime that enters it and, once that has ended, write to the
/// host's binary (CVE-2019-5736). So before Swift starts, the program executes itself again from a detached read-only
/// mount of its file (`CStart`): no path leads there, and no capability inside a container makes it writable.
enum Executable {
    /// Refuses a verb that enters a container where that has failed. A caller that is not root needs no seal, whose
    /// containers can't write to root's file anyway.
    ///
    /// - Parameter failure: the errno of `CStart`.
    static func requireSeal(_ words: [String], failure: Int32) throws {
        guard words.contains(where: { ["create", "run", "exec"].contains($0) }), getuid() == 0 else { return }
        var (type, flags) = (0, 0)
        try check("statfs", "/proc/self/exe") { cl_statfs("/proc/self/exe", &type, &flags) }
        let readOnlyBit = 1
        if flags & readOnlyBit == 0 { throw SystemCallError("execveat", errno: failure, subject: "/proc/self/exe") }
    }
}
