internal import CLinux
internal import Glibc
internal import Linux
internal import Support

/// This program's own file, made unwritable for whoever gets hold of it from inside a container.
///
/// A process of a container can open /proc/PID/exe of the runtime that enters it and, once that has ended, write to the
/// host's binary (CVE-2019-5736). So the program first executes itself again from a detached read-only mount of its
/// file: no path leads there, and no capability inside a container makes it writable.
enum Executable {
    /// Executes the program again from a read-only mount unless it runs from one. Returns where it does, and for a caller
    /// that is not root, whose containers can't write to root's file anyway.
    static func sealOnce(_ words: [String]) throws {
        guard words.contains(where: needsSeal.contains) else { return }
        let own = try Descriptor.open("/proc/self/exe", CL_O_PATH)
        var (type, flags) = (0, 0)
        try check("fstatfs", "/proc/self/exe") { cl_fstatfs(own.rawValue, &type, &flags) }
        let readOnlyBit = 1
        if flags & readOnlyBit != 0 { return }
        guard getuid() == 0 else { return }
        let tree = try MountTree.copy(of: own, shown: "/proc/self/exe", recursive: false)
        try tree.setAttributes(set: [.readOnly, .noDevices])
        let arguments = CStringArray([CommandLine.arguments.first ?? "hako"] + words)
        try check("execveat", "/proc/self/exe") {
            cl_execveat(tree.descriptor.rawValue, "", arguments.pointers, environ, Int32(CL_AT_EMPTY_PATH))
        }
    }

    /// The verbs that make a process inside a container.
    private static let needsSeal: Set<String> = ["create", "run", "exec"]
}
