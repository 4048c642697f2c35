internal import CLinux
internal import ContentStore
internal import Dockerfile
internal import Glibc
internal import Linux
internal import OCISpec
internal import Snapshots
internal import Support

/// A `RUN --mount` whose source is there.
struct PreparedStepMount {
    /// Nil for a secret that is only a variable, or an optional one that nobody gave.
    var mount: ContainerSpecification.VolumeMount?
    var target: String
    /// Whether a file is mounted and not a folder.
    var isFile = false
    /// `NAME=VALUE` of a secret.
    var variable: String?
    /// What of it decides about the cache.
    var key: String
}

extension StageBuilder {
    /// A mount with its variables replaced, its target absolute.
    func expanded(_ mount: RunMount) throws -> RunMount {
        var whole = mount
        whole.target = try expand(mount.target)
        whole.source = try expand(mount.source)
        whole.from = try expand(mount.from)
        whole.identifier = try expand(mount.identifier)
        if !whole.target.isEmpty { whole.target = Self.absolute(whole.target, from: state.process.workingFolder) }
        if whole.target == "/" { throw RuntimeError(.invalidArgument, "--mount: the target is the root") }
        return whole
    }

    /// Prepares mounts one inside the other, so that what each needs is released in the opposite order.
    func withMounts<T>(
        _ mounts: [RunMount], _ done: [PreparedStepMount] = [], _ body: ([PreparedStepMount]) throws -> T
    ) throws -> T {
        guard let mount = mounts.first else { return try body(done) }
        let rest = Array(mounts.dropFirst())
        switch mount.kind {
        case .tmpfs:
            return try withMounts(rest, done + [memory(mount)], body)
        case .secret: return try withMounts(rest, done + [try secret(mount)], body)
        case .cache:
            return try withCache(mount) { try withMounts(rest, done + [$0], body) }
        case .bind:
            return try withBind(mount) { try withMounts(rest, done + [$0], body) }
        case .ssh: throw RuntimeError(.unsupported, "--mount=type=ssh: hako passes no SSH agent on")
        }
    }

    private func memory(_ mount: RunMount) -> PreparedStepMount {
        let options = mount.size.map { ["size=\($0)"] } ?? []
        return PreparedStepMount(
            mount: .init(source: .memory, destination: mount.target, options: options), target: mount.target,
            key: "tmpfs \(mount.target) \(options)")
    }

    /// A secret's text never decides about the cache, nor does it reach a layer.
    private func secret(_ mount: RunMount) throws -> PreparedStepMount {
        let name =
            mount.identifier.isEmpty
            ? StageBuilder.absolute(mount.target, from: "/").split(separator: "/").last.map(String.init) ?? ""
            : mount.identifier
        let target = mount.target.isEmpty && mount.variable == nil ? "/run/secrets/\(name)" : mount.target
        var prepared = PreparedStepMount(mount: nil, target: target, isFile: true, key: "secret \(name) \(target)")
        guard let text = session.request.secrets[name] else {
            if mount.isRequired {
                throw RuntimeError(.notFound, "the secret \"\(name)\" was not given: --secret id=\(name),src=FILE")
            }
            return prepared
        }
        if let variable = mount.variable { prepared.variable = "\(variable)=\(String(decoding: text, as: UTF8.self))" }
        if target.isEmpty { return prepared }
        let path = "\(try session.scratch("secret"))/text"
        try writeAtomically(text, to: path, mode: 0o400, durable: false)
        try check("chown", path) { chown(path, mount.uid, mount.gid) }
        try check("chmod", path) { chmod(path, mount.mode ?? 0o400) }
        prepared.mount = .init(source: .bind(path: path, create: false), destination: target, options: ["ro"])
        return prepared
    }

    private func withBind<T>(_ mount: RunMount, _ body: (PreparedStepMount) throws -> T) throws -> T {
        try withSource(mount.from) { root, ignore, name, keepsOwners in
            let copyRoot = CopyRoot(root, ignore: ignore, name: name, excludes: [], keepsOwners: true)
            guard let source = try CopySource.find(mount.source.isEmpty ? "/" : mount.source, in: copyRoot).first else {
                throw RuntimeError(.notFound, "--mount: nothing at \(mount.source)")
            }
            var hash = ContentHash()
            let walk = CopyWalk(root: copyRoot, source: source)
            try walk.hash(into: &hash, CopyOwnership())
            let isReadOnly = mount.isReadOnly ?? true
            let key = "bind \(mount.target) \(isReadOnly) \(try hash.digest())"
            var prepared = PreparedStepMount(mount: nil, target: mount.target, isFile: !source.isFolder, key: key)
            let opened = try copyRoot.root.open(source.path.isEmpty ? "/" : source.path, CL_O_PATH)
            var path = "/proc/\(getpid())/fd/\(opened.rawValue)"
            if !isReadOnly || !ignore.isEmpty {
                // What is written must not reach the source, nor what is left out the step: a copy is shown.
                let copy = try session.scratch("bind")
                try CopyWriter(walk: walk, ownership: CopyOwnership()).write(
                    into: try Descriptor.open(copy, O_RDONLY | O_DIRECTORY), name: "file")
                path = source.isFolder ? copy : "\(copy)/file"
            }
            prepared.mount = .init(
                source: .bind(path: path, create: false), destination: mount.target,
                options: isReadOnly ? ["ro"] : ["rw"])
            return try body(prepared)
        }
    }

    /// A cache's folder: `ROOT/build/mounts/HASH`, outside every layer.
    private func withCache<T>(_ mount: RunMount, _ body: (PreparedStepMount) throws -> T) throws -> T {
        let name = mount.identifier.isEmpty ? mount.target : mount.identifier
        let key = "cache \(mount.target) \(name) \(mount.from) \(mount.source)"
        let digest = try ContentHash.digest(of: Array("\(name)\n\(mount.from)\n\(mount.source)".utf8)).hex
        let base = "\(session.root)/build/mounts/\(digest)"
        try makeDirectories(parentPath(base), mode: 0o711)
        for number in 0..<64 {
            let folder = number == 0 ? base : "\(base)-\(number)"
            let lock = try Descriptor.open("\(folder).lock", O_RDWR | O_CREAT, mode: 0o600)
            let raw = lock.rawValue
            let mode = mount.sharing == .shared ? LOCK_SH : LOCK_EX
            if flock(raw, mode | (mount.sharing == .private ? LOCK_NB : 0)) != 0 { continue }
            if access(folder, F_OK) != 0 { try fillCache(folder, mount) }
            let prepared = PreparedStepMount(
                mount: .init(
                    source: .bind(path: folder, create: false), destination: mount.target,
                    options: mount.isReadOnly == true ? ["ro"] : ["rw"]), target: mount.target, key: key)
            return try body(prepared)
        }
        throw RuntimeError(.resourceExhausted, "--mount: 64 builds use the cache \(name) at once")
    }

    private func fillCache(_ folder: String, _ mount: RunMount) throws {
        let making = "\(folder).making-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        try makeDirectories(making)
        try check("chown", making) { chown(making, mount.uid, mount.gid) }
        try check("chmod", making) { chmod(making, mount.mode ?? 0o755) }
        if !mount.from.isEmpty {
            try withSource(mount.from) { root, ignore, name, _ in
                let copyRoot = CopyRoot(root, ignore: ignore, name: name, excludes: [], keepsOwners: true)
                guard let source = try CopySource.find(mount.source.isEmpty ? "/" : mount.source, in: copyRoot).first
                else { return }
                try CopyWriter(walk: .init(root: copyRoot, source: source), ownership: CopyOwnership()).write(
                    into: try Descriptor.open(making, O_RDONLY | O_DIRECTORY), name: source.name)
            }
        }
        // Another build may have made it meanwhile.
        if rename(making, folder) != 0 { try removeTree(making) }
    }
}
