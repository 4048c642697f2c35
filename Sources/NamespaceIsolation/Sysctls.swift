internal import CLinux
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// Writes sysctls through a procfs of our own, never through a path that the container's image could have made.
func writeSysctls(_ values: [String: String]) throws {
    if values.isEmpty { return }
    let proc = try FileSystemContext("proc").mount()
    let folder = RootDirectory(try proc.descriptor.duplicate(), shown: "/proc")
    for (key, value) in values {
        try attempt("linux.sysctl.\(key)") {
            let path = "sys/" + sysctlSteps(key).joined(separator: "/")
            let file = try folder.open(
                path, O_WRONLY, resolve: CL_RESOLVE_NO_XDEV | CL_RESOLVE_NO_SYMLINKS)
            try file.writeAll(Array(value.utf8), "/proc/\(path)")
        }
    }
}

/// A sysctl's steps below /proc/sys. The first separator decides, as in sysctl.d(5): after a dot, dots separate and a
/// slash stands for a dot in a name (`net.ipv4.conf.eth0/1.forwarding`); after a slash it is a path.
func sysctlSteps(_ key: String) -> [String] {
    let separator = key.first { $0 == "." || $0 == "/" } ?? "."
    return key.split(separator: separator, omittingEmptySubsequences: false).map { step in
        separator == "." ? String(step.map { $0 == "/" ? "." : $0 }) : String(step)
    }
}

/// Throws unless every sysctl belongs to a namespace that the container has of its own.
func checkSysctls(
    _ values: [String: String], _ linux: RuntimeConfiguration.Linux, domainname: String?
) throws(RuntimeError) {
    for (key, value) in values {
        guard let kind = namespace(ofSysctl: key) else {
            throw RuntimeError(
                .invalidArgument, "linux.sysctl.\(key): not a sysctl of a namespace; it would change the host")
        }
        guard linux.namespaces.contains(where: { $0.type == kind }) else {
            throw RuntimeError(
                .invalidArgument, "linux.sysctl.\(key): needs a \(kind.rawValue) namespace of the container's own")
        }
        // Two fields for one value: none of them could be told to win.
        let name = kind == .uts ? sysctlSteps(key).last : nil
        if name == "hostname" || name == "domainname" && ![nil, "", value].contains(domainname) {
            throw RuntimeError(
                .invalidArgument, "linux.sysctl.\(key): conflicts with the field \(name ?? ""), which is there for it")
        }
    }
}

/// Throws where the namespace of a sysctl, or of the host's name, is entered by a path to the caller's own: the container
/// has it, but what is set there is the host's.
func checkSetInHost(_ configuration: RuntimeConfiguration, _ linux: RuntimeConfiguration.Linux, _ plan: NamespacePlan)
    throws
{
    var wanted = linux.sysctl.keys.map { (field: "linux.sysctl.\($0)", kind: namespace(ofSysctl: $0)) }
    if !(configuration.hostname ?? "").isEmpty { wanted.append(("hostname", .uts)) }
    if !(configuration.domainname ?? "").isEmpty { wanted.append(("domainname", .uts)) }
    for (field, kind) in wanted {
        guard let join = plan.joins.first(where: { $0.kind == kind }), try join.isCallers() else { continue }
        throw RuntimeError(
            .invalidArgument,
            "\(field): \(join.path) is the host's \(join.kind.rawValue) namespace, not one of the container's own")
    }
}

private func namespace(ofSysctl key: String) -> RuntimeConfiguration.Namespace.Kind? {
    let steps = sysctlSteps(key)
    if steps.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." || $0.contains("/") || $0.contains("\0") }) {
        return nil
    }
    switch (steps.first, steps.dropFirst().first) {
    case ("net", _?): return .network
    case ("fs", "mqueue"): return .ipc
    case ("kernel", let name?):
        let ipc: Set<String> = [
            "msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced",
        ]
        if ipc.contains(name) { return .ipc }
        return name == "hostname" || name == "domainname" ? .uts : nil
    default: return nil
    }
}
