internal import Cgroups
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

/// What differs for an ordinary user's runtime, and for root of a user namespace (`--rootless`).
struct Rootless {
    private let word: String

    /// Takes the option's value; nil is `auto`.
    init(_ option: String?) throws(RuntimeError) {
        word = option ?? "auto"
        guard ["true", "false", "auto"].contains(word) else {
            throw RuntimeError(.invalidArgument, "option --rootless: \"\(word)\" is neither true, false nor auto")
        }
    }

    /// Whether the caller's rights end somewhere: told by the option, else by the uid and the user namespace.
    var isOn: Bool {
        if word != "auto" { return word == "true" }
        return geteuid() != 0 || Self.isInUserNamespace
    }

    private static var isInUserNamespace: Bool {
        let map = (try? readText("/proc/self/uid_map")) ?? ""
        return map.split(whereSeparator: { $0 == " " || $0 == "\n" }) != ["0", "0", "4294967295"]
    }

    /// The state directory where --root is not given: below XDG_RUNTIME_DIR for an ordinary user, and for root of a
    /// user namespace who is somebody else outside (as runc tells them).
    static func stateRoot() throws(RuntimeError) -> String {
        func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        let folder = variable("XDG_RUNTIME_DIR")
        if geteuid() == 0 {
            if folder.isEmpty || variable("USER") == "root" || !isInUserNamespace { return "/run/hako" }
        } else if folder.isEmpty {
            throw RuntimeError(
                .invalidArgument, "no state directory for an ordinary user: set XDG_RUNTIME_DIR or give --root")
        }
        return "\(folder)/hako"
    }

    /// Names the container's cgroup: without a path in the configuration, an ordinary user's is below the own one.
    func cgroup(_ path: String?, id: String) throws -> Cgroup {
        let wanted = (path ?? "").isEmpty && geteuid() != 0 ? "hako-\(id)" : path
        return try Cgroup(path: wanted, id: id, layout: CgroupLayout.detect())
    }

    /// Makes the cgroup and puts the limits into force. An ordinary user who may make none, and whose configuration
    /// names neither a path nor a limit, goes without; rules for devices don't count, as there is no privilege that
    /// they could take away.
    ///
    /// - Returns: the group, without folders where none could be made.
    func make(_ cgroup: Cgroup, _ linux: RuntimeConfiguration.Linux?, _ undo: inout UndoStack) throws -> Cgroup {
        var resources = CgroupResources(creating: linux?.resources ?? RuntimeConfiguration.Resources())
        do {
            let above = try cgroup.create()
            undo.push { for folder in above.reversed() { rmdir(folder) } }
        } catch {
            guard (error as? any CodedError)?.runtimeCode == .permissionDenied, isOn, (linux?.cgroupsPath ?? "").isEmpty
            else { throw error }
            resources.devices = []
            if let write = try CgroupPlan(resources, unified: cgroup.isUnified).writes.first {
                throw RuntimeError(.permissionDenied, "\(write.field): needs a cgroup", cause: error)
            }
            return Cgroup(folders: [])
        }
        undo.push { try cgroup.delete() }
        do {
            try cgroup.apply(resources)
        } catch {
            guard (error as? any CodedError)?.runtimeCode == .permissionDenied, isOn else { throw error }
            resources.devices = []
            try cgroup.apply(resources)
        }
        return cgroup
    }
}
