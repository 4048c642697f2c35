internal import CLinux
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// Writes sysctls through a procfs of our own, never through a path that the container's image could have made.
func writeSysctls(_ values: [String: String]) throws {
    if values.isEmpty { return }
    let proc = try FileSystemContext("proc").mount()
    for (key, value) in values {
        // A dot separates; a name that holds a slash (net.ipv4.conf.eth0/1) is given with slashes throughout.
        let path = "sys/" + (key.contains("/") ? key : key.split(separator: ".").joined(separator: "/"))
        try attempt("linux.sysctl.\(key)") {
            let raw = proc.descriptor.rawValue
            let resolve = CL_RESOLVE_BENEATH | CL_RESOLVE_NO_XDEV | CL_RESOLVE_NO_SYMLINKS
            let file = Descriptor(
                owning: try check("openat2", "/proc/\(path)") {
                    cl_openat2(raw, path, UInt64(O_WRONLY | O_CLOEXEC), 0, resolve)
                })
            try file.writeAll(Array(value.utf8), "/proc/\(path)")
        }
    }
}

/// Throws unless every sysctl belongs to a namespace that the container has of its own.
func checkSysctls(_ values: [String: String], _ linux: RuntimeConfiguration.Linux) throws(RuntimeError) {
    for key in values.keys {
        guard let kind = namespace(ofSysctl: key) else {
            throw RuntimeError(
                .invalidArgument, "linux.sysctl.\(key): not a sysctl of a namespace; it would change the host")
        }
        guard linux.namespaces.contains(where: { $0.type == kind }) else {
            throw RuntimeError(
                .invalidArgument, "linux.sysctl.\(key): needs a \(kind.rawValue) namespace of the container's own")
        }
    }
}

private func namespace(ofSysctl key: String) -> RuntimeConfiguration.Namespace.Kind? {
    let steps = key.split(whereSeparator: { $0 == "." || $0 == "/" })
    if steps.contains("..") { return nil }
    switch (steps.first, steps.dropFirst().first) {
    case ("net", _?): return .network
    case ("fs", "mqueue"): return .ipc
    case ("kernel", let name?):
        let ipc: Set<Substring> = [
            "msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced",
        ]
        if ipc.contains(name) { return .ipc }
        return name == "hostname" || name == "domainname" ? .uts : nil
    default: return nil
    }
}
