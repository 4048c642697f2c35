internal import Cgroups
internal import Glibc
internal import Linux
internal import OCISpec
internal import Support

extension RuntimeProgram {
    /// Writes an example config.json; one that is there already is left alone.
    func spec(_ arguments: Arguments) throws {
        let path = "\(arguments["bundle"] ?? ".")/config.json"
        if access(path, F_OK) == 0 {
            throw RuntimeError(.alreadyExists, "file \(path) exists: remove it first")
        }
        try attempt("write \(path)") {
            var configuration = RuntimeConfiguration.example
            // As runc: version 1's hierarchies are not hidden by default.
            if let layout = try? CgroupLayout.detect(), !layout.isUnified {
                configuration.linux?.namespaces.removeAll { $0.type == .cgroup }
            }
            if arguments.has("rootless") { configuration.makeRootless(uid: geteuid(), gid: getegid()) }
            let text = configuration.json(indent: 4) + [UInt8(ascii: "\n")]
            try writeAtomically(text, to: path, mode: 0o644)
        }
    }
}

extension RuntimeConfiguration {
    /// A shell with few rights in the bundle's `rootfs`, as runc's example has it.
    static var example: RuntimeConfiguration {
        var process = Process(args: ["sh"])
        process.terminal = true
        process.env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"]
        let kept = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        var capabilities = Capabilities()
        (capabilities.bounding, capabilities.effective, capabilities.permitted) = (kept, kept, kept)
        process.capabilities = capabilities
        process.noNewPrivileges = true
        process.rlimits = [ResourceLimit(type: .RLIMIT_NOFILE, soft: 1024, hard: 1024)]
        var linux = Linux()
        linux.namespaces = [.pid, .network, .ipc, .uts, .mount, .cgroup].map { Namespace(type: $0) }
        linux.maskedPaths = [
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
        ]
        linux.readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        var resources = Resources()
        resources.devices = [DeviceRule(allow: false, access: "rwm")]
        linux.resources = resources
        var configuration = RuntimeConfiguration()
        configuration.root = Root(path: "rootfs", readonly: true)
        configuration.process = process
        configuration.hostname = "hako"
        configuration.mounts = exampleMounts
        configuration.linux = linux
        return configuration
    }

    /// Changes the example to what an ordinary user may run, as runc does: the caller's id as root of a user namespace,
    /// the host's network and /sys, no limits.
    mutating func makeRootless(uid: UInt32, gid: UInt32) {
        linux?.namespaces.removeAll { $0.type == .network || $0.type == .user }
        linux?.namespaces.append(Namespace(type: .user))
        linux?.uidMappings = [IDMapping(containerID: 0, hostID: uid, size: 1)]
        linux?.gidMappings = [IDMapping(containerID: 0, hostID: gid, size: 1)]
        linux?.resources = nil
        for index in mounts.indices {
            mounts[index].options.removeAll { $0.hasPrefix("uid=") || $0.hasPrefix("gid=") }
            if mounts[index].destination == "/sys" {
                mounts[index] = Mount(
                    destination: "/sys", type: "none", source: "/sys",
                    options: ["rbind", "nosuid", "noexec", "nodev", "ro"])
            }
        }
    }

    private static var exampleMounts: [Mount] {
        func mount(_ destination: String, _ type: String, _ source: String, _ options: [String]) -> Mount {
            Mount(destination: destination, type: type, source: source, options: options)
        }
        let quiet = ["nosuid", "noexec", "nodev"]
        return [
            mount("/proc", "proc", "proc", []),
            mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount(
                "/dev/pts", "devpts", "devpts",
                ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            mount("/dev/shm", "tmpfs", "shm", quiet + ["mode=1777", "size=65536k"]),
            mount("/dev/mqueue", "mqueue", "mqueue", quiet),
            mount("/sys", "sysfs", "sysfs", quiet + ["ro"]),
            mount("/sys/fs/cgroup", "cgroup", "cgroup", quiet + ["relatime", "ro"]),
        ]
    }
}
