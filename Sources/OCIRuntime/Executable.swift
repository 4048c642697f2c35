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
    /// Sees to it that a verb that enters a container runs from a sealed file.
    ///
    /// A caller who may not mount executes a sealed copy in memory, unless the file is somebody else's and not writable:
    /// then nothing in a container of that caller can write to it.
    /// - Parameter failure: the errno of `CStart`, where the program could not be executed from a mount.
    static func seal(_ words: [String], failure: Int32) throws {
        guard words.contains(where: { ["create", "run", "exec", "restore"].contains($0) }) else { return }
        var (type, flags) = (0, 0)
        try check("statfs", "/proc/self/exe") { cl_statfs("/proc/self/exe", &type, &flags) }
        let readOnlyBit = 1
        if flags & readOnlyBit != 0 { return }
        if geteuid() == 0 && failure != EPERM {
            throw SystemCallError("execveat", errno: failure, subject: "/proc/self/exe")
        }
        if try isWritable() { try executeCopy(words) }
    }

    /// True where the caller could write to the file, or give itself the right to.
    private static func isWritable() throws -> Bool {
        var status = stat()
        try check("stat", "/proc/self/exe") { stat("/proc/self/exe", &status) }
        return status.st_uid == geteuid() || access("/proc/self/exe", W_OK) == 0
    }

    private static func executeCopy(_ words: [String]) throws {
        let (addSeals, getSeals, allSeals, writeSeal): (Int32, Int32, Int32, Int32) = (1033, 1034, 0xf, 0x8)
        let original = try Descriptor.open("/proc/self/exe", O_RDONLY)
        let seals = fcntl(original.rawValue, getSeals)
        if seals >= 0 && seals & writeSeal != 0 { return }
        let closeOnExecAndSealable: UInt32 = 3
        let copy = Descriptor(
            owning: try check("memfd_create") { cl_memfd_create("hako", closeOnExecAndSealable) })
        while true {
            let part = try original.readSome(1 << 20, "/proc/self/exe")
            if part.isEmpty { break }
            try copy.writeAll(part, "memfd")
        }
        try check("fcntl", "F_ADD_SEALS") { fcntl(copy.rawValue, addSeals, allSeals) }
        let arguments = CStringArray([CommandLine.arguments.first ?? "hako"] + words)
        let raw = copy.rawValue
        try check("execveat", "/proc/self/exe") {
            cl_execveat(raw, "", arguments.pointers, environ, Int32(CL_AT_EMPTY_PATH))
        }
    }
}
