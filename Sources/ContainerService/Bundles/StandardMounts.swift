internal import OCISpec

/// What every container has mounted, hidden and write-protected; Docker's defaults.
enum StandardMounts {
    typealias Mount = RuntimeConfiguration.Mount

    /// The file systems below the root, in the order of mounting.
    ///
    /// - Parameter writable: whether /sys and the cgroups can be written (privileged).
    static func fileSystems(writable: Bool) -> [Mount] {
        let access = writable ? "rw" : "ro"
        return [
            Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
            Mount(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            Mount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            Mount(
                destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", access]),
            Mount(
                destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: [access, "nosuid", "noexec", "nodev", "relatime"]),
            Mount(
                destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
            Mount(
                destination: "/dev/shm", type: "tmpfs", source: "shm",
                options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        ]
    }

    /// What of procfs and sysfs can't be read.
    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
        "/sys/firmware",
    ]

    /// What of procfs can't be written.
    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// Which devices may be used: the harmless ones; nodes of any may be made, as Docker has it.
    static let deviceRules: [RuntimeConfiguration.DeviceRule] =
        [
            .init(allow: false, access: "rwm"),
            .init(allow: true, type: .character, access: "m"),
            .init(allow: true, type: .block, access: "m"),
        ]
        + [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2)].map { major, minor in
            .init(allow: true, type: .character, major: major, minor: minor, access: "rwm")
        } + [.init(allow: true, type: .character, major: 136, access: "rwm")]
}
