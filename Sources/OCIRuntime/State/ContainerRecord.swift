internal import Cgroups
internal import JSON
internal import Linux
internal import OCISpec
internal import Resctrl
internal import Support

/// What the runtime keeps of a container: our own document, version 1, in `ROOT/ID/state.json`.
///
/// What else later verbs need of the configuration lies beside it: see ``StateDirectory/saveConfiguration(_:of:)``.
/// Written before anything of the container is made, so that whatever a crash leaves can be found and removed, and
/// again when the process exists.
struct ContainerRecord {
    static let version = 1

    let id: String
    let bundle: String
    let rootfs: String
    /// RFC 3339, UTC.
    let created: String
    let owner: UInt32
    let annotations: [String: String]
    /// Without folders where an ordinary user could make none.
    var cgroup: Cgroup
    /// The hooks that later verbs run: poststart and poststop. Nil where there are none.
    let hooks: RuntimeConfiguration.Hooks?
    /// The systemd scope that the cgroup is; nil where we made it.
    var scope: ContainerScope?
    /// The resctrl group; nil where linux.intelRdt asks for none.
    var resctrl: ResctrlGroup?
    /// Absent until the process exists.
    var process: ProcessIdentity?

    init(
        id: String, bundle: String, rootfs: String, created: String, owner: UInt32, annotations: [String: String],
        cgroup: Cgroup, hooks: RuntimeConfiguration.Hooks?
    ) {
        self.id = id
        self.bundle = bundle
        self.rootfs = rootfs
        self.created = created
        self.owner = owner
        self.annotations = annotations
        self.cgroup = cgroup
        guard let hooks, !hooks.poststart.isEmpty || !hooks.poststop.isEmpty else {
            self.hooks = nil
            return
        }
        var kept = RuntimeConfiguration.Hooks()
        (kept.poststart, kept.poststop) = (hooks.poststart, hooks.poststop)
        self.hooks = kept
    }

    init(json: [UInt8]) throws {
        var (id, bundle, rootfs, created) = ("", "", "", "")
        var folders: [Cgroup.Folder] = []
        var (owner, version, pid, startTime): (UInt32, Int, Int32, UInt64) = (0, 0, 0, 0)
        var annotations: [String: String] = [:]
        var hooks: RuntimeConfiguration.Hooks?
        var scope: ContainerScope?
        var resctrl: ResctrlGroup?
        try JSONReader.document(json) { reader in
            try reader.object { key, value in
                switch key {
                case "version": version = try value.integer()
                case "id": id = try value.string()
                case "bundle": bundle = try value.string()
                case "rootfs": rootfs = try value.string()
                case "created": created = try value.string()
                case "owner": owner = try value.integer()
                case "annotations": annotations = try value.stringMap()
                case "cgroup": folders = try value.list { reader in try Cgroup.Folder(from: &reader) }
                case "scope": scope = try ContainerScope(from: &value)
                case "resctrl": resctrl = try ResctrlGroup(from: &value)
                case "hooks": hooks = try RuntimeConfiguration.Hooks(from: &value)
                case "pid": pid = try value.integer()
                case "startTime": startTime = try value.integer()
                default: try value.skip()
                }
            }
        }
        guard version == Self.version else {
            throw RuntimeError(
                .unsupported, "record version \(version) is not known to this runtime (it writes \(Self.version))")
        }
        self.init(
            id: id, bundle: bundle, rootfs: rootfs, created: created, owner: owner, annotations: annotations,
            cgroup: Cgroup(folders: folders), hooks: hooks)
        (self.scope, self.resctrl) = (scope, resctrl)
        process = pid > 0 ? ProcessIdentity(pid: pid, startTime: startTime) : nil
    }

    func json() -> [UInt8] {
        JSONWriter.text { writer in
            writer.object { object in
                object.member("version", Self.version)
                object.member("id", id)
                object.member("bundle", bundle)
                object.member("rootfs", rootfs)
                object.member("created", created)
                object.member("owner", owner)
                object.member("annotations", annotations)
                object.member("cgroup") { list in
                    list.array { array in for folder in cgroup.folders { folder.write(to: &array) } }
                }
                if let scope { object.member("scope") { scope.write(to: &$0) } }
                if let resctrl { object.member("resctrl") { resctrl.write(to: &$0) } }
                if let hooks { object.member("hooks") { hooks.write(to: &$0) } }
                object.member("pid", process?.pid)
                object.member("startTime", process?.startTime)
            }
        }
    }
}

extension Cgroup.Folder {
    fileprivate init(from reader: inout JSONReader) throws {
        self.init(controllers: [], path: "")
        try reader.object { key, value in
            switch key {
            case "controllers": controllers = try value.strings()
            case "path": path = try value.string()
            default: try value.skip()
            }
        }
    }

    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("controllers", controllers)
            object.member("path", path)
        }
    }
}

extension ContainerRecord {
    /// How a process enters the container's cgroup and its resctrl group.
    ///
    /// - Parameters:
    ///   - companion: a process that is in the container; nil where there is none yet.
    ///   - words: cgroups below the container's, as `exec --cgroup` names them.
    func entry(beside companion: Int32? = nil, below words: [String] = []) throws -> CgroupEntry {
        let plain =
            words.isEmpty ? try cgroup.openEntry(beside: companion) : try cgroup.below(words).openEntry()
        let entry = try scope?.entry(plain, of: cgroup) ?? plain
        guard let resctrl else { return entry }
        return try attempt("linux.intelRdt") { try entry.joining(resctrl.tasksFiles) }
    }
}
